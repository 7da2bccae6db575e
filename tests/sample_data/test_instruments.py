"""HydroC, ECO, Signature and RBR: what is special in their bytes, and every fault in them."""

import sqlite3
from pathlib import Path

import numpy as np
import pytest

import ingest
from ingest.calibration.eco_device import read_device_sheet
from lander.clock import to_utc
from lander.config import load
from sample_data import ScenarioError
from sample_data.faults import _KERNELS
from sample_data.instrument import discover
from sample_data.instruments import ad2cp, eco, rbr
from sample_data.scenario import _EVENTS, _FAULTS
from sample_data.seawater import methane_solubility
from tests.sample_data.conftest import Deployment, Simulate

NEW = {"methane": "methane", "eco": "turbidity", "signature": "echo", "rbr": "temperature"}
# Of what each reports, in that unit: two steps of the format, so that rounding passes and nothing else.
STEP = {"methane": 0.02, "eco": 0.0123, "signature": 1.0, "rbr": 4e-5}


@pytest.mark.parametrize("name", ["methane", "optode", "rbr", "signature"])
def test_clock_checks_lead_to_utc(clean: Deployment, name: str) -> None:
    """A HydroC keeps local time: eight hours ahead, and the operator's notes say so."""
    (stay,) = load(clean.simulated.root).deployments
    (checks,) = (one.clock_checks for one in stay.instruments if one.name == name)
    utc = to_utc(clean.clock(name), checks).time
    error = (utc - clean.column(name, "time_utc")) / 1e6
    # Readings of 0.1 s, stamps of whole seconds at worst.
    assert -1.1 < error.min() <= error.max() < 0.2
    ahead = (clean.clock(name)[0] - clean.column(name, "time_utc")[0]) / 3.6e9
    assert ahead == pytest.approx(8.0 if name == "methane" else 0.0, abs=0.001)


def test_methane_solubility() -> None:
    """Henry's constant of 1.4e-3 mol/(L atm) at 25 degC (Sander's compilation), salting out, and pressure."""
    zero = np.zeros(1)
    fresh = methane_solubility(zero, np.array([25.0]), zero)
    assert fresh[0] == pytest.approx(1.4, rel=0.015)
    # Setschenow's constant of methane, some 0.127 L/mol, at the ionic strength of sea water.
    salt = methane_solubility(np.array([35.0]), np.array([25.0]), zero)
    assert salt[0] / fresh[0] == pytest.approx(10 ** (-0.127 * 0.72), abs=0.01)
    deep = methane_solubility(zero, np.array([4.0]), np.array([1130.0])) / methane_solubility(
        zero, np.array([4.0]), zero
    )
    assert deep[0] == pytest.approx(np.exp(-35e-6 * 1.13e7 / (8.314 * 277.15)), rel=1e-4)


def test_a_hydroc_file_by_hand(clean: Deployment) -> None:
    (path,) = clean.simulated.files["methane"]
    lines = path.read_bytes().split(b"\r\n")
    assert lines[1] == b"CH4T-9999-001"
    columns = lines[2].decode().split(";")
    assert columns[:2] == ["Date", "Time"]
    assert columns[-2:] == ["pCH4_corr [uatm]", ""]
    fields = lines[6].decode().split(";")
    assert fields[:2] == ["2016-09-08", "08:00:01"]
    assert len(fields) == len(columns)
    last = float(lines[3000].decode().split(";")[-2].replace(",", "."))
    assert last == pytest.approx(clean.column("methane", "methane_partial_pressure_clean")[2994], abs=0.0051)
    # 60 nmol/L at 4 degC, salinity 34.5 and 1,130 dbar.
    assert 20 < last < 60


def test_an_eco_line_by_hand(clean: Deployment) -> None:
    line = clean.simulated.files["eco"][0].read_bytes().split(b"\n")[2]
    stamp, date, time, *rest = line.rstrip(b"\r").replace(b" ", b"\t", 1).replace(b" ", b"\t", 1).split(b"\t")
    assert stamp == b"2016/09/08"
    assert date == b"00:00:31.018"[:9] + date[9:]
    assert time == b"09/08/16"
    assert rest[0] == b"00:00:05"
    assert [int(one) for one in rest[1::2][:3]] == [700, 695, 460]


def test_counts_of_an_eco_end(make: Simulate) -> None:
    flow = {"kind": "turbidity_flow", "at": 0.5, "amplitude": 60, "rise": 600, "decay": 7200}
    deployment = make(events=[flow], instruments=["eco"])
    counts = deployment.decoded("eco", "backscatter_700nm_counts")
    clean = deployment.column("eco", "turbidity_clean")
    assert counts.max() == eco.SATURATION_COUNTS
    assert (counts == eco.SATURATION_COUNTS).sum() == pytest.approx((clean > 0.00613 * 4080).sum(), abs=1)


def test_the_calibration_is_a_device_sheet() -> None:
    lines = [f"LAMBDA=4\t{eco.CALIBRATION['turbidity']['scale']}\t{eco.CALIBRATION['turbidity']['dark']}\t700",
             f"CHL=6\t{eco.CALIBRATION['chlorophyll']['scale']}\t{eco.CALIBRATION['chlorophyll']['dark']}"]  # fmt: skip
    sheet = read_device_sheet("\n".join(lines))
    assert sheet["chlorophyll"] == eco.CALIBRATION["chlorophyll"]
    assert sheet["backscatter_700nm"] == eco.CALIBRATION["turbidity"]


def _sum(data: bytes) -> int:
    return (0xB58C + sum(int.from_bytes(data[i : i + 2], "little") for i in range(0, len(data), 2))) & 0xFFFF


def test_records_of_a_signature_are_sealed(clean: Deployment) -> None:
    (path,) = clean.simulated.files["signature"]
    data, at, ids = path.read_bytes(), 0, []
    while at < len(data):
        head, size = data[at : at + 10], int.from_bytes(data[at + 4 : at + 6], "little")
        assert (head[0], head[1], head[3]) == (0xA5, 10, 0x10)
        if len(ids) < 4:
            assert int.from_bytes(head[8:], "little") == _sum(head[:8])
            assert int.from_bytes(head[6:8], "little") == _sum(data[at + 10 : at + 10 + size])
        ids.append(head[2])
        at += 10 + size
    assert ids == [0xA0] + [0x16] * clean.simulated.records["signature"]


def test_the_configuration_of_a_signature_is_read(clean: Deployment) -> None:
    (samples,) = clean.samples("signature")
    attributes = samples.attrs
    assert attributes["instrument_model"] == "Nortek Signature500"
    assert (attributes["coordinate_system"], attributes["beam_angle_degree"]) == ("earth", 25.0)
    assert samples["cell_distance"].values[[0, -1]].tolist() == [1.5, 30.5]
    assert attributes["declination_degree"] == -3.4, "velocities are relative to true north, as the truth is"
    ends = [np.datetime64(clean.truth.summary["phases"][f"{name}_end"][:-1], "us") for name in ("deck", "ascent")]
    utc = clean.column("signature", "time_utc").astype("datetime64[us]")
    air = (utc <= ends[0]) | (utc >= ends[1])
    assert np.isnan(samples["eastward_velocity"].values[air]).all()
    assert np.isfinite(samples["eastward_velocity"].values[~air]).all()


def test_quick_records_decode(tmp_path: Path) -> None:
    path = tmp_path / "quick.ad2cp"
    size = ad2cp.write(path, records=5000, interval=1.5)
    decoded = ingest.decode(path)
    assert decoded.ledger.bytes_accepted == size == path.stat().st_size
    assert decoded.streams["average"]["eastward_velocity"].shape == (5000, ad2cp.CELLS)
    assert (np.diff(decoded.streams["average"]["time"].values) == np.timedelta64(1500, "ms")).all()


def test_a_database_is_sound_and_of_no_machine(clean: Deployment) -> None:
    (path,) = clean.simulated.files["rbr"]
    assert [one.name for one in path.parent.iterdir()] == [path.name]
    assert path.read_bytes()[96:100] == (3_030_001).to_bytes(4, "big")
    database = sqlite3.connect(f"file:{path}?mode=ro", uri=True)
    try:
        assert database.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
        rows = database.execute("SELECT tstamp, channel02 FROM data ORDER BY tstamp LIMIT 2 OFFSET 4000").fetchall()
    finally:
        database.close()
    assert rows[0][0] * 1000 == clean.column("rbr", "time_clock")[4000]
    # With the air.
    assert rows[0][1] == pytest.approx(clean.column("ctd", "pressure_clean")[4000] + 10.1325, abs=0.1)
    ledger = ingest.decode(path).ledger
    assert ledger.expected_records == clean.simulated.records["rbr"]


def test_samples_of_a_database_that_come_twice_are_in_two_files(make: Simulate) -> None:
    fault = {"kind": "duplicate", "instrument": "rbr", "at": 0.4, "samples": 70}
    deployment = make(faults=[fault], instruments=["rbr"])
    first, again = (one["time"].values for one in deployment.samples("rbr"))
    assert deployment.simulated.files["rbr"][1].name.endswith("-again.rsk")
    assert again.size == 70
    assert np.isin(again, first).all()
    np.testing.assert_array_equal(deployment.clock("rbr"), deployment.column("rbr", "time_clock"))


def test_a_clock_set_back_onto_its_own_samples_is_refused(make: Simulate) -> None:
    clock = {"kind": "clock", "instrument": "rbr", "step": -120, "step_at": 0.5}
    with pytest.raises(ScenarioError, match="each time once"):
        make(faults=[clock], instruments=["rbr"])


def _reported(deployment: Deployment, name: str) -> tuple[np.ndarray, np.ndarray]:
    """Decoded minus clean, in the unit of the scenario; fault ids."""
    variable = NEW[name]
    about = deployment.truth.summary["instruments"][name]
    values = np.asarray(deployment.decoded(name, about["variables"][variable]), np.float64)
    clean = deployment.column(name, f"{variable}_clean")
    if name == "methane":
        with np.errstate(invalid="ignore"):
            values = values * clean / deployment.column(name, "methane_partial_pressure_clean")
    if name == "signature":
        values = values.mean(axis=-1) * ad2cp.DB_PER_COUNT
    return values - clean, deployment.column(name, f"{variable}_fault")


@pytest.mark.parametrize("name", NEW)
def test_spikes_are_as_high_as_the_truth_says(make: Simulate, name: str) -> None:
    keys = {"kind": "spike", "variable": NEW[name], "instrument": name, "count": 9, "sigma": 15, "width": 2}
    deployment = make(faults=[keys], instruments=[name], period=30)
    change, ids = _reported(deployment, name)
    size = deployment.fault(1)["size"]
    hit, kept = change[ids == 1], change[(ids == 0) & np.isfinite(change.reshape(len(ids), -1)[:, 0])]
    assert (ids == 1).sum() == 18
    # Sensors that cannot read less than nothing show all of a spike upward.
    assert np.median(np.abs(hit[hit > 0])) == pytest.approx(size, abs=STEP[name] + 0.02 * size)
    assert np.nanmedian(np.abs(kept)) < STEP[name]


@pytest.mark.parametrize("name", NEW)
def test_stuck_sensors_repeat_their_counts(make: Simulate, name: str) -> None:
    keys = {"kind": "stuck", "variable": NEW[name], "instrument": name, "at": 0.4, "duration": 21_600}
    for noisy in (False, True):
        deployment = make(faults=[{**keys, "last_bit_noise": noisy}], instruments=[name])
        about = deployment.truth.summary["instruments"][name]
        values = deployment.decoded(name, about["variables"][NEW[name]])
        ids = deployment.column(name, f"{NEW[name]}_fault")
        # A methane in nmol/L that stands still is a partial pressure that does.
        assert len(np.unique(values[ids == 1].reshape((ids == 1).sum(), -1)[:, 0])) == (3 if noisy else 1)
        assert len(np.unique(values[ids == 0].reshape((ids == 0).sum(), -1)[:, 0])) > 5


EXAMPLES = {
    "spike": {"count": 3, "sigma": 40},
    "stuck": {"at": 0.5, "duration": 7200},
    "step": {"at": 0.5, "sigma": 9},
    "ramp": {"at": 0.2, "percent_per_30_days": 60},
    "saturation": {"at": 0.5, "duration": 7200, "level": 33},
    "noise": {"at": 0.5, "duration": 14_400, "factor": 12},
    "warmup": {"samples": 4, "sigma": 60, "every": 40_000},
    "gap": {"at": 0.5, "duration": 7200},
    "dead": {"at": 0.9},
    "duplicate": {"at": 0.5, "samples": 5},
    "clock": {"seconds_per_year": 4000, "step": 37},
    "tilt": {"at": 0.5, "degrees": 3},
    "truncated_file": {"at": 0.7},
    "midnight_split": {},
}


@pytest.fixture(scope="module")
def plain(make: Simulate) -> dict[str, Deployment]:
    return {name: make(seed=9, instruments=[name]) for name in NEW}


@pytest.mark.parametrize("kind", _FAULTS)
@pytest.mark.parametrize("name", NEW)
def test_every_fault_reaches_the_bytes(make: Simulate, plain: dict[str, Deployment], name: str, kind: str) -> None:
    """In the bytes and nowhere else: what is whole by the truth decodes to the stated times, nothing else is lost."""
    if kind == "tilt" and name != "signature":
        pytest.skip("only a profiler has pitch and roll")
    keys = {"kind": kind, "instrument": name, **EXAMPLES[kind]}
    if (kind in _KERNELS and kind != "tilt") or kind == "stuck":
        keys["variable"] = NEW[name]
    deployment = make(faults=[keys], seed=9, instruments=[name])
    (entry,) = deployment.truth.summary["faults"]
    assert entry["written"]
    assert entry["instrument"] == name
    before, after = (one.simulated.files[name] for one in (plain[name], deployment))
    same = [path.read_bytes() for path in before] == [path.read_bytes() for path in after]
    assert not same
    np.testing.assert_array_equal(deployment.clock(name), deployment.column(name, "time_clock"))
    calibration = deployment.truth.summary["instruments"][name]["calibration"]
    ledgers = [ingest.decode(path, calibration=calibration).ledger for path in after]
    assert all(ledger.adds_up for ledger in ledgers)
    damaged = (np.asarray(deployment.truth.columns[name]["status"]) == 1).sum()
    rejected = sum(len(ledger.rejected) for ledger in ledgers)
    assert rejected >= damaged or name == "rbr"
    assert rejected == 0 or damaged > 0


def test_a_cut_download_promises_more_than_it_holds(make: Simulate) -> None:
    deployment = make(faults=[{"kind": "truncated_file", "instrument": "rbr", "at": 0.7}], instruments=["rbr"])
    ledger = ingest.decode(deployment.simulated.files["rbr"][0]).ledger
    held = (np.asarray(deployment.truth.columns["rbr"]["status"]) == 0).sum()
    assert ledger.expected_records == deployment.simulated.records["rbr"] > 1.3 * held
    assert deployment.clock("rbr").size == held


@pytest.mark.parametrize("kind", _EVENTS)
def test_events_reach_the_bytes_with_their_lag(make: Simulate, plain: dict[str, Deployment], kind: str) -> None:
    keys, name, variable, amplitude = {
        "plume": ({"variables": {"methane": 3000, "oxygen": -5}, "rise": 900, "decay": 5400,
                   "lag": {"methane": 7200}}, "methane", "methane_partial_pressure", 1600.0),
        "methane_only": ({"amplitude": 2500, "rise": 1800, "decay": 9000}, "methane", "methane_partial_pressure",
                         1550.0),
        "warm_anomaly": ({"amplitude": 0.5, "rise": 3600, "decay": 7200}, "rbr", "temperature", 0.5),
        "turbidity_flow": ({"amplitude": 15, "rise": 600, "decay": 7200}, "eco", "turbidity", 15.0),
        "bubbles": ({"echo_dB": 18, "duration": 7200}, "signature", "echo_intensity", 36.0),
    }[kind]  # fmt: skip
    deployment = make(events=[{"kind": kind, "at": 0.4, **keys}], seed=9, instruments=[name])
    change = np.asarray(deployment.decoded(name, variable), float) - plain[name].decoded(name, variable)
    change = change.reshape(len(change), -1)[:, 0]
    # Methane: 1.51 nmol/L in a uatm, and less of a short plume through the membrane.
    assert change.max() == pytest.approx(amplitude, rel=0.06)
    onset = 0.4 * 2 * 86_400 + keys.get("lag", {}).get("methane", 0)
    seconds = (deployment.column(name, "time_utc") - deployment.column(name, "time_utc")[0]) / 1e6
    first = seconds[np.flatnonzero(change > 0.05 * amplitude)[0]]
    assert onset <= first + 1 <= onset + 1300


def test_a_scenario_takes_aboard_what_it_needs(make: Simulate) -> None:
    assert set(make(days=0.3).simulated.files) == {"ctd", "optode", "adcp"}
    plume = {"kind": "plume", "at": 0.5, "rise": 60, "decay": 600, "variables": {"methane": 9, "chlorophyll": 1}}
    assert set(make(days=0.3, events=[plume]).simulated.files) == {"ctd", "optode", "adcp", "methane", "eco"}
    noise = {"kind": "noise", "variable": "temperature", "instrument": "rbr", "at": 0.5, "factor": 3, "duration": 600}
    assert set(make(days=0.3, faults=[noise], instruments=["ctd"]).simulated.files) == {"ctd", "rbr"}


def test_a_database_does_not_hang_on_the_blocks_it_is_made_of(make: Simulate, monkeypatch: pytest.MonkeyPatch) -> None:
    whole = make(days=1, instruments=["rbr"], seed=3)
    monkeypatch.setattr(rbr, "_ROWS", 97)
    pieces = make(days=1, instruments=["rbr"], seed=3)
    assert whole.simulated.files["rbr"][0].read_bytes() == pieces.simulated.files["rbr"][0].read_bytes()


def test_every_instrument_has_a_raw_format() -> None:
    assert all(one.format is not None for one in discover().values())
