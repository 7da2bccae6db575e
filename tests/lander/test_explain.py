"""From a value back to the bytes, on simulated files whose truth is known."""

import json

import numpy as np
import pytest

import lander
from ingest import vocabulary
from lander import evidence
from lander.errors import LanderError
from lander.inventory import AmbiguousVariableError
from tests.lander.simulated import change, run
from tests.lander.test_rebuild import coefficients_of


def stages(told):
    return {step["stage"]: step for step in told["steps"]}


def test_the_steps_join_from_bytes_to_flag(archive, seafloor):
    told = archive.explain("oxygen_concentration_uncompensated", "2016-10-01T06:00:00")
    assert [step["stage"] for step in told["steps"]] == [
        "raw bytes", "decode", "clock", "store", "deployment phase", "quality control",
    ]  # fmt: skip
    source, step = told["source"], stages(told)
    data = (seafloor / "raw" / source["file"]).read_bytes()[source["offset"] :][: source["length"]]
    assert step["raw bytes"]["after"] == data.decode().strip()
    assert step["decode"]["after"] == float(data.split(b"\t")[2])
    assert step["store"]["after"] == told["value"]
    assert abs(step["store"]["before"] - told["value"]) <= step["store"]["parameters"]["step"] / 2
    assert step["clock"]["after"] == told["time"]
    assert step["clock"]["before"][:19] == data.decode()[:19].replace("/", "-").replace(" ", "T")
    assert step["deployment phase"]["after"] == "seafloor"
    assert step["quality control"]["parameters"] == {"flag": told["flag"], "meaning": "good data"}
    assert (told["flag"], told["units"]) == (1, "umol L-1")
    assert {flag["result"] for flag in told["flags"]} == {"pass"}
    json.dumps(told, allow_nan=False)


def test_a_bad_value_names_the_test_that_failed(archive):
    series = archive.series("temperature", deployment="one").sel(time=slice("2016-09-29T12", "2016-10-02T12")).load()
    row = int(np.flatnonzero(series["temperature_qc"].values == 4)[0])
    told = archive.explain("temperature", series["time"].values[row])
    assert told["flag"] == 4
    assert told["value"] == float(series["temperature"][row])
    failed = [flag for flag in told["flags"] if flag["result"] == "fail"]
    assert [flag["test"] for flag in failed] == ["spike"]
    assert failed[0]["threshold"]["fail_scale"] > 0
    assert stages(told)["quality control"]["parameters"]["meaning"] == "bad data"


def test_a_derived_value_without_input_says_which(archive):
    series = archive.series("oxygen_concentration", deployment="one").load()
    missing = series["oxygen_concentration_qc"].values == 9
    times = series["time"].values[missing & (series["time"].values > np.datetime64("2016-09-30"))]
    told = archive.explain("oxygen_concentration", times[0])
    assert told["value"] is None
    assert told["flag"] == 9
    assert set(stages(told)["derive"]["before"]) == {
        "oxygen_concentration_uncompensated", "temperature", "practical_salinity", "pressure",
    }  # fmt: skip
    json.dumps(told, allow_nan=False)


def test_a_filled_value_names_its_method_and_uncertainty(archive):
    filled = archive.series("temperature", filled=True)
    observed = archive.series("temperature")["time"].values
    added = ~np.isin(filled["time"].values, observed)
    row = int(np.flatnonzero(added)[5])
    told = archive.explain("temperature", filled["time"].values[row])
    assert (told["flag"], told["source"]) == (8, None)
    assert told["value"] == float(filled["temperature"][row])
    step = stages(told)["fill"]
    assert step["parameters"]["method"] == "linear"
    assert step["parameters"]["uncertainty"] == float(filled["temperature_uncertainty"][row])


def test_every_sample_near_the_end_of_a_month_is_its_own(archive):
    series = archive.series("pressure").sel(time=slice("2016-09-30T23:57", "2016-10-01T00:03")).load()
    assert series.sizes["time"] >= 5
    for row, time in enumerate(series["time"].values):
        told = archive.explain("pressure", time)
        assert told["time"] == f"{time.astype('datetime64[us]')}Z"
        assert told["value"] == float(series["pressure"][row])


def test_the_nearest_sample_counts_within_a_step(archive):
    told = archive.explain("temperature", "2016-10-01T06:00:29Z")
    assert told["time"].startswith(("2016-10-01T06:00:0", "2016-10-01T05:59:5"))
    with pytest.raises(LanderError, match="no sample of temperature at 2016-10-05"):
        archive.explain("temperature", "2016-10-05")


def test_the_instrument_is_named_or_asked_for(with_profiler, tmp_path):
    archive = lander.open(with_profiler)
    assert archive.explain("pressure", "2016-11-03")["instrument"]["name"] == "ctd"
    told = archive.explain("pressure", "2016-11-03", instrument="adcp")
    assert told["instrument"] == {"name": "adcp", "model": "Workhorse Sentinel 300", "serial": "99999",
                                  "deployment": "three", "site": "sitef"}  # fmt: skip
    with pytest.raises(LanderError, match="more dimensions than time"):
        archive.explain("eastward_velocity", "2016-11-03")
    archive.config.deployments[0].primary.pop("pressure")
    with pytest.raises(AmbiguousVariableError, match="pressure is measured by adcp, ctd"):
        archive.explain("pressure", "2016-11-03")


def test_every_scalar_variable_can_be_explained(with_profiler):
    archive = lander.open(with_profiler)
    for stream in archive.streams:
        for variable in stream.series:
            told = archive.explain(variable, "2016-11-03T12:00:00", instrument=stream.instrument.name)
            json.dumps(told, allow_nan=False)
            assert told["units"] == vocabulary.lookup(variable).units
            assert told["source"]["length"] > 10


def test_a_raw_file_that_changed_since_is_not_explained_with_wrong_bytes(own):
    file = own / "raw/one/optode/20161001.optode.log"
    file.write_bytes(b"# a line more\n" + file.read_bytes())
    with pytest.raises(LanderError, match="the file changed; `lander run`"):
        lander.open(own).explain("blue_phase", "2016-10-01T12:00:00")
    file.unlink()
    with pytest.raises(LanderError, match="cannot be read"):
        lander.open(own).explain("blue_phase", "2016-10-01T12:00:00")


def test_large_files_are_read_up_to_the_record(archive, monkeypatch):
    whole = archive.explain("temperature", "2016-10-01T06:00:00")
    monkeypatch.setattr(evidence, "_KEPT_BYTES", 0)
    assert archive.explain("temperature", "2016-10-01T06:00:00") == whole


def test_coefficients_of_the_configuration_are_used_and_named(own):
    coefficients = coefficients_of((own / "raw/one/ctd/sim-one.hex").read_text())
    coefficients["temperature"]["A0"] = str(float(coefficients["temperature"]["A0"]) * 1.001)
    before = lander.open(own).explain("temperature", "2016-10-01T06:00:00")
    change(own / "deployments/one.yaml", lambda one: one["instruments"]["ctd"].update(
        calibration={"source": "configuration", "coefficients": coefficients}))  # fmt: skip
    run(own)
    told = lander.open(own).explain("temperature", "2016-10-01T06:00:00")
    assert stages(told)["decode"]["parameters"]["calibration"] == "configuration"
    assert abs(told["value"] - before["value"]) > 1e-3
    assert abs(stages(told)["decode"]["after"] - told["value"]) <= 5e-6
    assert told["digest"] != before["digest"]
