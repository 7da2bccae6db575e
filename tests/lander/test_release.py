"""A release is a snapshot that can be cited: whole, checked, readable, and untouched by what comes after."""

import os
import shutil
import subprocess
from pathlib import Path

import numpy as np
import pytest
import yaml

import lander
from lander import config
from lander.errors import ConfigError, LanderError
from lander.release import release
from tests.lander.simulated import change, run
from tests.lander.tiny import few_products, tiny


@pytest.fixture
def archive(tmp_path_factory, tmp_path):
    folder = tiny(tmp_path_factory.getbasetemp(), tmp_path / "archive")
    with few_products():
        assert not run(folder).failed
        yield folder


def content(folder: Path) -> dict[str, bytes]:
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def settings(archive: Path, **keys: object) -> None:
    change(archive / "deployments/one.yaml", lambda one: one["instruments"]["optode"].update(keys))


def test_checksums_and_content(archive):
    folder = release(config.load(archive), "2026.1")
    done = subprocess.run(["sha256sum", "--check", "--quiet", "--strict", "SHA256SUMS"], cwd=folder)
    assert done.returncode == 0
    listed = {line.split("  ", 1)[1] for line in (folder / "SHA256SUMS").read_text().splitlines()}
    assert listed == content(folder).keys() - {"SHA256SUMS"}
    assert not [path for path in folder.rglob(".*") if path.name != ".previous"]
    stored = {path.relative_to(archive / "store") for path in (archive / "store").rglob("*.nc")}
    assert {path.relative_to(folder / "store") for path in (folder / "store").rglob("*.nc")} == stored


@pytest.mark.parametrize("links", [True, False])
def test_it_opens_like_the_archive_and_later_runs_leave_it(archive, monkeypatch, links):
    if not links:
        def refused(*args, **keys):
            raise OSError(95, "Operation not supported")

        monkeypatch.setattr(os, "link", refused)
    folder = release(config.load(archive), "2026.1")
    before = content(folder)
    values = lander.open(archive).series("oxygen_concentration")["oxygen_concentration"].values
    settings(archive, settings={"internal_salinity": 35})
    assert run(archive).built
    assert content(folder) == before
    released = lander.open(folder).series("oxygen_concentration")["oxygen_concentration"].values
    np.testing.assert_array_equal(released, values)
    shutil.rmtree(archive / "store")
    assert content(folder) == before


def test_the_second_says_what_changed(archive):
    release(config.load(archive), "2026.1")
    settings(archive, settings={"internal_salinity": 35})
    (archive / "raw/one/optode/20161001.optode.log").rename(archive / "raw/one/optode/later.optode.log")
    run(archive)
    text = (release(config.load(archive), "2026.2") / "CHANGELOG.md").read_text()
    assert "Changes since release 2026.1" in text
    assert "raw files added: 1" in text
    assert "raw files removed: 1" in text
    assert "`sitef/one/optode/samples/L2/2016-09.nc`" in text
    assert "`sitef/one/ctd/samples/L1/2016-09.nc`" not in text


def test_a_name_is_given_once(archive):
    folder = release(config.load(archive), "2026.1")
    before = content(folder)
    with pytest.raises(ConfigError, match="never changes"):
        release(config.load(archive), "2026.1")
    assert content(folder) == before
    for name in ("../out", "a/b", ""):
        with pytest.raises(ConfigError):
            release(config.load(archive), name)


@pytest.mark.parametrize("kind", ["settings", "clock", "new file"])
def test_a_stale_store_is_refused(archive, kind):
    if kind == "settings":
        settings(archive, settings={"internal_salinity": 35})
    elif kind == "clock":
        settings(archive, clock_checks=[])
    else:
        (archive / "raw/one/optode/new.optode.log").write_bytes(b"new")
    with pytest.raises(LanderError, match="not up to date"):
        release(config.load(archive), "2026.1")
    assert not list((archive / "published").rglob("*.nc"))


def test_calibration_files_come_along(archive):
    coefficients = {"temperature": {"A0": 1.0}}
    (archive / "ctd.yaml").write_text(yaml.safe_dump(coefficients))
    change(archive / "deployments/one.yaml", lambda one: one["instruments"]["optode"].update(
        calibration={"source": "configuration", "file": "ctd.yaml"}))  # fmt: skip
    run(archive)
    folder = release(config.load(archive), "2026.1")
    assert (folder / "ctd.yaml").read_text() == (archive / "ctd.yaml").read_text()
    lander.open(folder)


def test_a_killed_release_leaves_nothing_behind(archive, monkeypatch):
    from lander import release as module

    def killed(*args, **keys):
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(module, "_sums", killed)
        patch.setattr(shutil, "rmtree", lambda *args, **keys: None)
        with pytest.raises(KeyboardInterrupt):
            release(config.load(archive), "2026.1")
    folder = release(config.load(archive), "2026.1")
    assert [path.name for path in folder.parent.iterdir()] == ["2026.1"]
