"""Files that instruments wrote, through the whole pipeline, against decoding and equations written a second time."""

import csv
import json
import random
import shutil
from bisect import bisect_left
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
import pytest

import lander
from ingest import vocabulary
from lander.archive import Archive
from lander.export import export
from tests.lander import decoded_by_hand as by_hand
from tests.lander.simulated import corpus, run

CTD = "sbe_hex/SBE37SM-RS232_03716125_2017_11_16.hex"
OPTODE = "aanderaa_optode_dcl/20150330.dosta1.log"
PROFILER = "rdi_pd0/RDI_withBT.000"

ARCHIVE = """\
title: Files of real instruments
institution: {name: Institute of Oceanology}
people: [{name: Ada Lovelace, role: principal_investigator}]
licence: CC-BY-4.0
sites: [{code: bench, name: Three instruments that never met}]
"""

DEPLOYMENT = """\
id: real
site: bench
platform: bench
start: 2017-11-10T12:00:00Z
end: 2017-11-16T23:00:00Z
position: {latitude: 22.115, longitude: 119.286}
touchdown: 2017-11-10T13:00:00Z
liftoff: 2017-11-16T22:00:00Z
primary: {pressure: ctd}
instruments:
  ctd:
    model: SBE 37-SM
    serial: "03716125"
    raw: ["*.hex"]
    sampling_interval: 90
    pressure_reference: gauge
  optode:
    model: Aanderaa 4831
    serial: "379"
    raw: ["*.log"]
    sampling_interval: 2
    settings: {internal_salinity: 0}
    clock_checks:
      - {instrument: 2015-03-30T00:00:00Z, utc: 2017-11-10T16:00:00Z}
"""

WITH_PROFILER = """\
  adcp:
    model: Workhorse
    serial: "18655"
    raw: ["*.000"]
    clock_checks:
      - {instrument: 2017-05-24T11:50:00Z, utc: 2017-11-11T11:50:00Z}
"""

OFFSET = {
    "ctd": timedelta(0),
    "optode": datetime(2017, 11, 10, 16, tzinfo=UTC) - datetime(2015, 3, 30, tzinfo=UTC),
    "adcp": timedelta(days=171),
}
MATCH_STEPS = 2.5
"""CTD samples farther apart than so many sampling intervals give the optode nothing."""


@dataclass(frozen=True)
class Real:
    """A run archive of real files."""

    root: Path
    archive: Archive | None
    coefficients: by_hand.Coefficients
    interval: float

    def hex_lines(self) -> list[bytes]:
        (file,) = (self.root / "raw").glob("*.hex")
        return file.read_bytes().split(b"*END*")[1].split()


def assemble(folder: Path, deployment: str, *names: str) -> Real:
    (folder / "raw").mkdir()
    (folder / "deployments").mkdir()
    for name in names:
        shutil.copy(corpus(name), folder / "raw" / Path(name).name)
    (folder / "archive.yaml").write_text(ARCHIVE)
    (folder / "deployments/real.yaml").write_text(deployment)
    expected = json.loads(corpus(f"{CTD}.expect.json").read_text())
    interval = float(deployment.split("sampling_interval: ")[1].split(maxsplit=1)[0])
    return Real(folder, None, expected["header_calibration"], interval)


def walked(real: Real) -> Real:
    outcome = run(real.root)
    assert not outcome.failed
    return replace(real, archive=lander.open(real.root))


@pytest.fixture(scope="module")
def real(tmp_path_factory):
    """The three files as they are; the optode starts two hours before the CTD."""
    folder = tmp_path_factory.mktemp("real")
    return walked(assemble(folder, DEPLOYMENT + WITH_PROFILER, CTD, OPTODE, PROFILER))


GONE = {*range(100, 140), 165, 180, 181}
BAD = set(range(200, 210))
LAST = 239


@pytest.fixture(scope="module")
def torn(tmp_path_factory):
    """The same CTD and optode; of the CTD's samples some are lost, some wrong, and the end is missing."""
    # In its first day it sampled every 120 s.
    deployment = DEPLOYMENT.replace("sampling_interval: 90", "sampling_interval: 120")
    made = assemble(tmp_path_factory.mktemp("torn"), deployment, CTD, OPTODE)
    (file,) = (made.root / "raw").glob("*.hex")
    header, body = file.read_bytes().split(b"*END*")
    lines = body.split()
    kept = [b"000001" + line[6:] if n in BAD else line for n, line in enumerate(lines) if n not in GONE and n <= LAST]
    file.write_bytes(b"\n".join([header + b"*END*", *kept, b""]))
    return walked(made)


def seconds(time) -> np.ndarray:
    return time.values.astype("datetime64[us]").astype(np.int64) / 1e6


def independent_oxygen(real: Real) -> tuple[np.ndarray, np.ndarray]:
    """Oxygen for every line of the optode: by hand from hexadecimal digits and text, NaN where it cannot be known."""
    rows = [by_hand.ctd(line, real.coefficients) for line in real.hex_lines()]
    at = [row["time"].timestamp() for row in rows]
    for row in rows:
        row["practical_salinity"] = by_hand.practical_salinity(
            row["conductivity"], row["temperature"], row["pressure"]
        )
    usable = {}
    for name in ("temperature", "practical_salinity", "pressure"):
        series = real.archive.series(name, instrument="ctd").load()
        np.testing.assert_allclose(seconds(series["time"]), at, rtol=0, atol=1e-6)
        good = np.isin(series[f"{name}_qc"].values, (1, 2))
        usable[name] = ([t for t, ok in zip(at, good, strict=True) if ok],
                        [row[name] for row, ok in zip(rows, good, strict=True) if ok])  # fmt: skip
    reported = real.archive.series("oxygen_concentration_uncompensated").load()
    good = np.isin(reported["oxygen_concentration_uncompensated_qc"].values, (1, 2))
    good_at = {round(time, 6) for time in seconds(reported["time"])[good]}
    (log,) = (real.root / "raw").glob("*.log")
    times, values, limit = [], [], MATCH_STEPS * real.interval
    for line in log.read_bytes().splitlines():
        if b"\t" not in line or b"[" in line:
            continue
        sample = by_hand.optode(line)
        time = (sample["time"] + OFFSET["optode"]).timestamp()
        matched = [between(time, *usable[name], limit) for name in ("temperature", "practical_salinity", "pressure")]
        known = None not in matched and round(time, 6) in good_at
        values.append(by_hand.oxygen(sample[by_hand.OPTODE[0]], *matched) if known else np.nan)
        times.append(time)
    return np.array(times), np.array(values)


def between(time: float, at: list[float], values: list[float], limit: float) -> float | None:
    right = bisect_left(at, time)
    if right == len(at) or (right == 0 and at[0] != time):
        return None
    if at[right] == time:
        return values[right]
    if at[right] - at[right - 1] > limit:
        return None
    share = (time - at[right - 1]) / (at[right] - at[right - 1])
    return values[right - 1] * (1 - share) + values[right] * share


@pytest.mark.parametrize("which", ["real", "torn"])
def test_oxygen_equals_an_independent_calculation(which, request):
    one = request.getfixturevalue(which)
    series = one.archive.series("oxygen_concentration").load()
    at, expected = independent_oxygen(one)
    ours = series["oxygen_concentration"].values
    np.testing.assert_allclose(seconds(series["time"])[-len(at) :], at, rtol=0, atol=1e-6)
    # The file's first sample stands in a line with power-on noise, which the decoding by hand passes over.
    assert len(ours) - len(at) <= 1
    ours, flags = ours[-len(at) :], series["oxygen_concentration_qc"].values[-len(at) :]
    assert np.array_equal(np.isnan(ours), np.isnan(expected))
    assert np.array_equal(np.isnan(ours), flags == 9)
    assert np.isfinite(ours).sum() > 1000
    np.testing.assert_allclose(ours, expected, rtol=1e-6)


def test_no_oxygen_where_the_ctd_has_none(torn):
    whole = corpus(CTD).read_bytes().split(b"*END*")[1].split()
    at = np.array([by_hand.ctd(line, torn.coefficients)["time"].timestamp() for line in whole])
    series = torn.archive.series("oxygen_concentration").load()
    time = seconds(series["time"])
    value, flags = series["oxygen_concentration"].values, series["oxygen_concentration_qc"].values
    missing = np.isnan(value)

    def between_lines(one: int, other: int):
        return (time > at[one]) & (time < at[other])

    empty = {"before the record": time < at[0], "in the gap": between_lines(99, 140),
             "between samples 6 min apart": between_lines(179, 182), "where the CTD is bad": between_lines(199, 210),
             "after the record": time > at[LAST]}  # fmt: skip
    for where, rows in empty.items():
        assert rows.sum() > 20, where
        assert missing[rows].all(), where
        assert (flags[rows] == 9).all(), where
    over_one_lost_sample = between_lines(164, 166)
    assert over_one_lost_sample.sum() > 20
    assert not missing[over_one_lost_sample].any()
    filled = torn.archive.series("oxygen_concentration", filled=True)
    made = filled["oxygen_concentration_qc"].values == 8
    later = seconds(filled["time"]) > at[LAST]
    assert not (made & later).any(), "filled beyond the record"


def test_temperature_equals_the_makers_own_conversion(real):
    converted = [line.split() for line in corpus("sbe_cnv/SBE37SM-RS232_03716125_2017_11_16.cnv").read_text(
        "latin-1").split("*END*")[1].splitlines() if line.strip()]  # fmt: skip
    # Half of the last digit printed and half a step of ours; salinity also bears the half steps of its inputs.
    limits = {"temperature": 5e-5 + 5e-6, "conductivity": 5e-7 + 5e-7, "pressure": 5e-4 + 5e-5,
              "practical_salinity": 5e-5 + 5e-6 + 1.3e-5}  # fmt: skip
    for column, (name, limit) in enumerate(limits.items()):
        ours = real.archive.series(name, instrument="ctd")[name].values
        theirs = np.array([float(row[column]) for row in converted])
        known = np.isfinite(ours)
        assert known.sum() > 5000
        assert np.abs(ours - theirs)[known].max() <= limit + 1e-9, name


MEASURED = {
    "ctd": ("temperature", "conductivity", "pressure", "pressure_sensor_temperature"),
    "optode": by_hand.OPTODE,
    "adcp": ("ensemble_number", "sound_speed", "transducer_depth", "heading", "pitch", "roll", "salinity_setting",
             "transducer_temperature", "minimum_preping_wait", "heading_standard_deviation",
             "pitch_standard_deviation", "roll_standard_deviation", "pressure", "built_in_test_result"),
}  # fmt: skip


def decode_bytes(real: Real, instrument: str, data: bytes):
    return {"ctd": lambda: by_hand.ctd(data, real.coefficients), "optode": lambda: by_hand.optode(data),
            "adcp": lambda: by_hand.profiler(data)}[instrument]()  # fmt: skip


def test_explain_names_the_bytes_of_100_random_values(real):
    chance = random.Random(20171110)
    times = {key: real.archive.series(names[0], instrument=key)["time"].values for key, names in MEASURED.items()}
    for number in range(100):
        instrument = ("ctd", "optode", "adcp")[number % 3]
        variable = chance.choice(MEASURED[instrument])
        # The optode's first record stands behind noise on its line: it is looked at below.
        moment = times[instrument][chance.randrange(1, len(times[instrument]))]
        told = real.archive.explain(variable, moment, instrument=instrument)
        assert told["time"] == f"{moment.astype('datetime64[us]')}Z"
        source = told["source"]
        data = (real.root / "raw" / source["file"]).read_bytes()[source["offset"] :][: source["length"]]
        found = decode_bytes(real, instrument, data)
        step = vocabulary.lookup(variable).step or 0
        assert abs(found[variable] - told["value"]) <= step / 2 * (1 + 1e-6), (variable, moment)
        at = (found["time"] + OFFSET[instrument]).replace(tzinfo=None)
        assert np.datetime64(at, "us") == moment


def test_explain_takes_derived_values_back_to_their_records(real):
    salinity = real.archive.series("practical_salinity")
    for row in (0, 1000, 2500):
        told = real.archive.explain("practical_salinity", salinity["time"].values[row])
        source = told["source"]
        data = (real.root / "raw" / source["file"]).read_bytes()[source["offset"] :][: source["length"]]
        found = by_hand.ctd(data, real.coefficients)
        again = by_hand.practical_salinity(found["conductivity"], found["temperature"], found["pressure"])
        # The inputs are rounded to their steps first: 1e-6 S m-1 is 1.4e-5 of salinity.
        assert told["value"] == pytest.approx(again, abs=2e-5)
    oxygen = real.archive.series("oxygen_concentration").load()
    rows = np.flatnonzero(np.isfinite(oxygen["oxygen_concentration"].values))[[0, 500, -1]]
    for row in rows:
        told = real.archive.explain("oxygen_concentration", oxygen["time"].values[row])
        source = told["source"]
        data = (real.root / "raw" / source["file"]).read_bytes()[source["offset"] :][: source["length"]]
        reported = by_hand.optode(data)["oxygen_concentration_uncompensated"]
        stages = {step["stage"]: step for step in told["steps"]}
        assert stages["decode"]["after"] == reported
        assert stages["derive"]["before"]["oxygen_concentration_uncompensated"]["value"] == reported
        assert stages["derive"]["before"]["temperature"]["instrument"] == "ctd"
        assert stages["derive"]["parameters"]["settings"] == {"internal_salinity": 0}
        assert told["value"] == oxygen["oxygen_concentration"].values[row]


def test_the_export_holds_the_same_oxygen(real, tmp_path):
    files = export(real.archive, "csv", tmp_path, variables=["oxygen_concentration"], qc=[1, 2])
    table = next(file for file in files if file.name.startswith("bench_"))
    with table.open() as handle:
        rows = list(csv.DictReader(line for line in handle if not line.startswith("#")))
    at, expected = independent_oxygen(real)
    by_time = {round(time, 6): value for time, value in zip(at, expected, strict=True)}
    assert len(rows) > 0.99 * np.isfinite(expected).sum()
    for row in rows:
        time = datetime.fromisoformat(row["time"]).timestamp()
        assert float(row["oxygen_concentration"]) == pytest.approx(by_time[round(time, 6)], rel=1e-6)
        assert row["oxygen_concentration_qc"] in "12"


def test_raw_files_are_left_as_they_were(real):
    for name in (CTD, OPTODE, PROFILER):
        assert (real.root / "raw" / Path(name).name).read_bytes() == corpus(name).read_bytes()
