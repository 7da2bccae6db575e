"""What changes is made again with all that hangs on it, and nothing else: every expected file stands here by name."""

import os
from dataclasses import replace
from pathlib import Path

import netCDF4
import pytest

import ingest
from lander import catalog, config, intake
from lander.status import status
from tests.lander.simulated import change, run

CTD, OPTODE = "sitef/one/ctd/samples", "sitef/one/optode/samples"
OPTODE_VARIABLES = (
    "blue_amplitude", "blue_phase", "calibrated_phase", "optode_temperature", "oxygen_air_saturation",
    "oxygen_concentration", "oxygen_concentration_uncompensated", "raw_temperature", "red_amplitude", "red_phase",
    "temperature_compensated_phase",
)  # fmt: skip
CTD_VARIABLES = ("conductivity", "practical_salinity", "pressure", "pressure_sensor_temperature", "temperature")
SEPTEMBER, OCTOBER = "2016-09", "2016-10"


def products(variables, *months):
    return {f"sitef/L3/{name}/{variable}/{month}.nc" for name in ("hourly", "one_minute")
            for variable in variables for month in months}  # fmt: skip


def looked(stream, *months):
    """Where sensors of a stream stood out: judged again wherever what was measured or planned changed."""
    return {f"{stream}/excursions/{month}.nc" for month in months}


def levels(stream, *names):
    return {f"{stream}/{name}.nc" for name in names}


def settings(archive: Path, name: str = "one") -> Path:
    return archive / "deployments" / f"{name}.yaml"


def expect(archive, *, decoded=(), built=(), removed=(), failed=()):
    """Run; compare with the lists; a second run does nothing."""
    outcome = run(archive)
    assert set(outcome.decoded) == set(decoded)
    assert set(outcome.built) == set(built)
    assert set(outcome.removed) == set(removed)
    assert set(outcome.failed) == set(failed)
    again = run(archive)
    assert not again.changed
    assert set(again.current) == set(outcome.built) | set(outcome.current)
    assert set(again.failed) == set(failed)
    return outcome


def digit_in(file: Path, line: int) -> None:
    """Another last digit of the oxygen in a line of an optode log: one byte."""
    lines = file.read_bytes().splitlines(keepends=True)
    words = lines[line].split(b"\t")
    words[2] = words[2][:-1] + (b"1" if words[2][-1:] != b"1" else b"2")
    lines[line] = b"\t".join(words)
    file.write_bytes(b"".join(lines))


def test_the_first_run_makes_these_files(own):
    made = {path.relative_to(own / "store").as_posix() for path in (own / "store").rglob("*.nc")}
    assert made == (
        {"sitef/one/phase.nc", "sitef/two/phase.nc", "sitef/one/events.nc", "sitef/two/events.nc"}
        | looked(CTD, SEPTEMBER, OCTOBER)
        | looked(OPTODE, SEPTEMBER, OCTOBER)
        | looked("sitef/two/ctd/samples", OCTOBER)
        | looked("sitef/two/optode/samples", OCTOBER)
        | levels(CTD, "L1/2016-09", "L1/2016-10", "L2/2016-09", "L2/2016-10")
        | levels(OPTODE, "L1/2016-09", "L1/2016-10", "L2/2016-09", "L2/2016-10")
        | levels("sitef/two/ctd/samples", "L1/2016-10", "L2/2016-10")
        | levels("sitef/two/optode/samples", "L1/2016-10", "L2/2016-10")
        | products((*CTD_VARIABLES, *OPTODE_VARIABLES), SEPTEMBER, OCTOBER)
    )


def test_a_byte_of_a_raw_file(own):
    digit_in(own / "raw/one/optode/20161002.optode.log", 700)
    expect(
        own,
        # The month is merged anew, so that the samples of its other file are decoded too.
        decoded=["one/optode/20161002.optode.log", "one/optode/20161001.optode.log"],
        # The checks look days around a sample: September's flags are judged anew, and come out the same.
        built=levels(OPTODE, "L1/2016-10", "L2/2016-10", "L2/2016-09")
        | looked(OPTODE, SEPTEMBER, OCTOBER)
        | products(["oxygen_concentration", "oxygen_concentration_uncompensated"], OCTOBER),
    )


def test_a_byte_near_the_end_of_a_month_reaches_over_it(own):
    digit_in(own / "raw/one/optode/20161001.optode.log", 2)
    built = levels(OPTODE, "L1/2016-10", "L2/2016-10", "L2/2016-09") | looked(OPTODE, SEPTEMBER, OCTOBER)
    built |= products(["oxygen_concentration", "oxygen_concentration_uncompensated"], OCTOBER)
    # The flags of September's last hours look into October; its bins do not.
    expect(own, decoded=["one/optode/20161001.optode.log", "one/optode/20161002.optode.log"], built=built)


def test_a_threshold_of_one_variable(own):
    change(settings(own), lambda one: one["instruments"]["ctd"].update(
        qc={"temperature": {"gross_range": {"fail_max": -2.0}}}))  # fmt: skip
    expect(
        own,
        built=levels(CTD, "L2/2016-09", "L2/2016-10")
        | looked(CTD, SEPTEMBER, OCTOBER)
        | levels(OPTODE, "L2/2016-09", "L2/2016-10")
        | products(["temperature", "practical_salinity", "oxygen_concentration"], SEPTEMBER, OCTOBER),
    )


def test_a_threshold_that_changes_no_flag_goes_no_further(own):
    change(settings(own), lambda one: one["instruments"]["ctd"].update(
        qc={"temperature": {"gross_range": {"fail_max": 39.0}}}))  # fmt: skip
    expect(own, built=levels(CTD, "L2/2016-09", "L2/2016-10") | looked(CTD, SEPTEMBER, OCTOBER))


def test_a_clock_check(own):
    def later(one):
        one["instruments"]["optode"]["clock_checks"][-1]["utc"] = "2016-10-02T23:55:10Z"

    change(settings(own), later)
    days = ("20160929", "20160930", "20161001", "20161002")
    expect(
        own,
        decoded=[f"one/optode/{day}.optode.log" for day in days],
        built=levels(OPTODE, "L1/2016-09", "L1/2016-10", "L2/2016-09", "L2/2016-10")
        | looked(OPTODE, SEPTEMBER, OCTOBER)
        | products(OPTODE_VARIABLES, SEPTEMBER, OCTOBER),
    )


def test_the_position(own):
    change(settings(own, "two"), lambda two: two["position"].update(latitude=22.2))
    expect(own, built=products((*CTD_VARIABLES, *OPTODE_VARIABLES), OCTOBER))


def test_the_height_of_one_instrument(own):
    change(settings(own), lambda one: one["instruments"]["ctd"].update(height_above_seafloor=0.7))
    expect(own, built=products(CTD_VARIABLES, SEPTEMBER, OCTOBER))


def test_the_cap_of_filling(own):
    change(own / "archive.yaml", lambda one: one.update(fill={"conductivity": {"cap": "2 h"}}))
    expect(own, built=levels(CTD, "L2/2016-09", "L2/2016-10") | levels("sitef/two/ctd/samples", "L2/2016-10"))


def test_the_title_changes_no_file(own):
    change(own / "archive.yaml", lambda one: one.update(title="Another title"))
    expect(own)


def coefficients_of(text: str) -> dict[str, dict[str, str]]:
    """Coefficients in the header of a .hex file, as a configuration gives them."""
    coefficients = {}
    for sensor, form in (("Temperature", "TEMP1"), ("Conductivity", "WBCOND0"), ("Pressure", "STRAIN0")):
        body = text.split(f"format='{form}'")[1].split("</Calibration>", maxsplit=1)[0]
        pairs = [line.split(">", 1) for line in body.split("<") if ">" in line and not line.startswith("/")]
        coefficients[sensor.lower()] = {name: value.strip() for name, value in pairs if name.strip("* \n")}
    return coefficients


def test_a_calibration(own):
    coefficients = coefficients_of((own / "raw/one/ctd/sim-one.hex").read_text())
    coefficients["temperature"]["A0"] = str(float(coefficients["temperature"]["A0"]) * 1.001)
    change(settings(own), lambda one: one["instruments"]["ctd"].update(
        calibration={"source": "configuration", "coefficients": coefficients}))  # fmt: skip
    # Pressure does not hang on the thermistor's A0: the phases stay, and so do the products of pressure.
    expect(
        own,
        decoded=["one/ctd/sim-one.hex"],
        built=levels(CTD, "L1/2016-09", "L1/2016-10", "L2/2016-09", "L2/2016-10")
        | looked(CTD, SEPTEMBER, OCTOBER)
        | levels(OPTODE, "L2/2016-09", "L2/2016-10")
        | products(["temperature", "conductivity", "practical_salinity", "oxygen_concentration"], SEPTEMBER, OCTOBER),
    )


def test_touching_files_changes_nothing(own):
    for file in (own / "raw").rglob("*.*"):
        os.utime(file, (1, 1))
    expect(own)


def test_a_missing_file_of_the_store_is_made_again_with_the_same_bytes(own):
    lost = own / "store/sitef/one/optode/samples/L2/2016-10.nc"
    before = lost.read_bytes()
    lost.unlink()
    expect(own, built=levels(OPTODE, "L2/2016-10"))
    assert lost.read_bytes() == before


def test_a_file_of_the_store_that_somebody_changed_is_made_again(own):
    changed = own / "store/sitef/one/ctd/samples/L2/2016-09.nc"
    before = changed.read_bytes()
    changed.write_bytes(before[:-10])
    expect(own, built=levels(CTD, "L2/2016-09"))
    assert changed.read_bytes() == before


def test_a_withdrawn_file(own):
    (own / "raw/one/optode/20161002.optode.log").unlink()
    expect(
        own,
        decoded=["one/optode/20161001.optode.log"],
        built=levels(OPTODE, "L1/2016-10", "L2/2016-10", "L2/2016-09")
        | looked(OPTODE, SEPTEMBER, OCTOBER)
        | products(OPTODE_VARIABLES, OCTOBER),
    )


def test_a_withdrawn_deployment(own):
    settings(own, "two").unlink()
    gone = levels("sitef/two/ctd/samples", "L1/2016-10", "L2/2016-10")
    gone |= levels("sitef/two/optode/samples", "L1/2016-10", "L2/2016-10") | {"sitef/two/phase.nc"}
    gone |= {"sitef/two/events.nc"} | looked("sitef/two/ctd/samples", OCTOBER)
    gone |= looked("sitef/two/optode/samples", OCTOBER)
    expect(own, built=products((*CTD_VARIABLES, *OPTODE_VARIABLES), OCTOBER), removed=gone)
    assert not (own / "store/sitef/two").exists()


def test_a_late_file(own, tmp_path):
    file = own / "raw/one/optode/20161002.optode.log"
    kept = file.read_bytes()
    file.unlink()
    run(own)
    file.write_bytes(kept)
    expect(
        own,
        decoded=["one/optode/20161001.optode.log", "one/optode/20161002.optode.log"],
        built=levels(OPTODE, "L1/2016-10", "L2/2016-10", "L2/2016-09")
        | looked(OPTODE, SEPTEMBER, OCTOBER)
        | products(OPTODE_VARIABLES, OCTOBER),
    )


def test_a_corrupt_file_next_to_good_ones(own):
    (own / "raw/one/optode/20161003.optode.log").write_bytes(b"\0" * 4000)
    outcome = expect(
        own, decoded=["one/optode/20161003.optode.log"], failed=["one/optode/20161003.optode.log"]
    )
    assert "zero bytes" in outcome.failed["one/optode/20161003.optode.log"]
    assert status(config.load(own)).failed.keys() == outcome.failed.keys()


def test_an_empty_file_next_to_good_ones(own):
    (own / "raw/one/ctd/late.hex").write_bytes(b"")
    outcome = expect(own, decoded=["one/ctd/late.hex"], failed=["one/ctd/late.hex"])
    assert "empty" in outcome.failed["one/ctd/late.hex"]


def test_a_name_that_is_no_utf_8_is_a_failure_of_its_own(own):
    folder = os.fsencode(own / "raw/one/ctd")
    Path(os.fsdecode(folder + b"/bad\xff.hex")).write_bytes(b"something")
    outcome = expect(own, failed=["one/ctd/bad\udcff.hex"])
    assert "rename it" in outcome.failed["one/ctd/bad\udcff.hex"]


def test_a_renamed_file_is_another_origin_of_the_same_values(own):
    (own / "raw/one/optode/20161002.optode.log").rename(own / "raw/one/optode/renamed.optode.log")
    # L1 names its files. Values stay, so that what is made from them stays.
    expect(
        own,
        decoded=["one/optode/20161001.optode.log", "one/optode/renamed.optode.log"],
        built=levels(OPTODE, "L1/2016-10"),
    )


def test_one_deployment_leaves_the_others(own):
    digit_in(own / "raw/one/optode/20161002.optode.log", 700)
    outcome = run(own, only="two")
    assert not outcome.changed
    outcome = run(own, only="one")
    assert {"one/optode/20161002.optode.log"} <= set(outcome.decoded)
    assert levels(OPTODE, "L1/2016-10", "L2/2016-10") <= set(outcome.built)
    assert not run(own).changed


@pytest.mark.parametrize("damage", [b"", b"{", b'{"version": 1}', b'{"version": 99, "files": {}, "raw": {}}', b"[]"])
def test_a_damaged_index_is_made_again_without_making_files_again(own, damage):
    (own / "store/index.json").write_bytes(damage)
    outcome = run(own)
    assert not outcome.built
    assert not outcome.failed
    assert len(outcome.decoded) == 8  # what it knew of raw files is lost with it
    assert not run(own).changed


def test_what_is_not_claimed_is_tried_again_by_a_new_reader(own, monkeypatch):
    file = own / "raw/one/optode/20161003.optode.log"
    file.write_bytes(b"\0" * 4000)
    run(own)
    known = ingest.discover()
    later = replace(known["aanderaa_optode"], name="later", sniff=lambda head, name: False)
    extended = {**known, "later": later}
    monkeypatch.setattr(intake.ingest, "discover", lambda: extended)
    assert run(own).decoded == ["one/optode/20161003.optode.log"]


def test_a_run_with_nothing_to_do_reads_the_index_and_no_file_of_the_store(own, monkeypatch):
    def opened(*words, **more):
        raise AssertionError(f"opened {words}")

    monkeypatch.setattr(netCDF4, "Dataset", opened)
    monkeypatch.setattr(catalog, "identify", opened)
    assert not run(own).changed
    (own / "raw/one/ctd/sim-one.hex").touch()
    with pytest.raises(AssertionError, match="opened"):
        run(own)
