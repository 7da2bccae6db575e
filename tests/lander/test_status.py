"""`status` says what a run would do, and why, without doing it."""

import os
import shutil

from lander import config
from lander.status import status
from tests.lander.simulated import change, digests, run
from tests.lander.test_rebuild import CTD, OPTODE, digit_in, levels, looked, products, settings


def look(archive):
    before = digests(archive / "store")
    found = status(config.load(archive))
    assert digests(archive / "store") == before
    return found


def test_what_is_up_to_date(own):
    found = look(own)
    assert found.up_to_date
    assert found.current == 86
    assert (found.new, found.changed, found.gone, found.stale, found.follows, found.failed) == ([], [], [], {}, [], {})
    outcome = run(own)
    assert len(outcome.current) == found.current
    samples = 2 * (4 * 1440 - 30) + 2 * 2 * 720
    assert abs(found.samples - samples) < 40


def test_an_archive_that_was_never_run(own):
    shutil.rmtree(own / "store")
    found = look(own)
    assert not found.up_to_date
    assert len(found.new) == 8
    assert not (own / "store").exists(), "looking makes nothing"


def test_raw_files_that_are_new_changed_or_gone(own):
    digit_in(own / "raw/one/optode/20161002.optode.log", 700)
    (own / "raw/one/optode/20160929.optode.log").unlink()
    (own / "raw/one/ctd/late.hex").write_bytes(b"")
    found = look(own)
    assert found.new == ["one/ctd/late.hex"]
    assert found.changed == ["one/optode/20161002.optode.log"]
    assert found.gone == ["one/optode/20160929.optode.log"]
    run(own)
    found = look(own)
    assert found.failed.keys() == {"one/ctd/late.hex"}
    assert found.up_to_date


def test_a_change_of_configuration_names_what_is_stale_and_what_follows(own):
    change(settings(own), lambda one: one["instruments"]["ctd"].update(
        qc={"temperature": {"gross_range": {"fail_max": -2.0}}}))  # fmt: skip
    found = look(own)
    assert set(found.stale) == levels(CTD, "L2/2016-09", "L2/2016-10") | looked(CTD, "2016-09", "2016-10")
    assert set(found.stale.values()) == {"its raw files or configuration changed"}
    follows = set(found.follows)
    assert levels(OPTODE, "L2/2016-09", "L2/2016-10") <= follows
    assert products(["temperature", "oxygen_concentration"], "2016-09", "2016-10") <= follows
    outcome = run(own)
    assert set(outcome.built) <= set(found.stale) | follows
    assert look(own).up_to_date


def test_files_that_are_missing_or_not_what_was_written(own):
    (own / "store" / OPTODE / "L2/2016-10.nc").unlink()
    os.truncate(own / "store" / CTD / "L2/2016-09.nc", 100)
    found = look(own)
    assert found.stale == {
        f"{OPTODE}/L2/2016-10.nc": "the file is missing",
        f"{CTD}/L2/2016-09.nc": "the file is not the one that was written",
    }


def test_files_whose_deployment_was_withdrawn_are_not_up_to_date(own):
    settings(own, "two").unlink()
    found = look(own)
    assert len(found.gone) == 3
    assert not found.up_to_date
