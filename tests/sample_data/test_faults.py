"""Every fault and event leaves its mark, in the bytes and in the truth."""

import numpy as np
import pytest

import ingest
from sample_data import ScenarioError
from sample_data.scenario import _EVENTS, _FAULTS
from tests.sample_data.conftest import Deployment, Simulate

DAYS, PERIOD = 2, 60
ROWS = DAYS * 86_400 // PERIOD + 1
COLUMN = {"oxygen": "oxygen_uncompensated"}


@pytest.fixture(scope="module")
def fault(make: Simulate):
    def run(kind: str, **keys: object) -> Deployment:
        return make(faults=[{"kind": kind, **keys}], seed=9)

    return run


@pytest.fixture(scope="module")
def plain(make: Simulate) -> Deployment:
    return make(seed=9)


def _change(deployment: Deployment, instrument: str, variable: str) -> tuple[np.ndarray, np.ndarray]:
    """Decoded minus clean, and the fault ids."""
    name = deployment.truth.summary["instruments"][instrument]["variables"][COLUMN.get(variable, variable)]
    clean = deployment.column(instrument, f"{COLUMN.get(variable, variable)}_clean")
    return deployment.decoded(instrument, name) - clean, deployment.column(instrument, f"{variable}_fault")


@pytest.mark.parametrize(
    ("instrument", "variable"), [("ctd", "temperature"), ("ctd", "conductivity"), ("optode", "oxygen")]
)
def test_spikes(fault, instrument: str, variable: str) -> None:
    deployment = fault("spike", variable=variable, count=12, sigma=20, width=2)
    change, ids = _change(deployment, instrument, variable)
    entry = deployment.fault(1)
    assert (ids == 1).sum() == 24
    assert len(entry["occurrences"]) == 12
    # An optode reports what is there divided by the factor of salinity and pressure.
    size = entry["size"] / (0.8226 if variable == "oxygen" else 1.0)
    np.testing.assert_allclose(np.abs(change[ids == 1]), size, rtol=0.04)
    assert np.abs(change[ids == 0]).max() < 1e-3
    assert {-1.0, 1.0} == set(np.sign(change[ids == 1]))
    sigma = deployment.truth.summary["instruments"][instrument]["sigma"][variable]
    assert entry["size"] == pytest.approx(20 * sigma)


def test_spikes_keep_apart_and_on_the_seafloor(make: Simulate) -> None:
    deployment = make(faults=[{"kind": "spike", "variable": "temperature", "count": 60, "sigma": 9}])
    ids = np.asarray(deployment.truth.columns["ctd"]["temperature_fault"])
    places = np.flatnonzero(ids == 1)
    assert len(places) == 60
    assert np.diff(places).min() >= 31
    assert np.asarray(deployment.truth.columns["ctd"]["pressure_clean"])[places].min() > 1100
    with pytest.raises(ScenarioError, match="do not fit"):
        make(days=0.1, faults=[{"kind": "spike", "variable": "temperature", "count": 90, "sigma": 9, "width": 5}])


def test_sigma_is_what_is_left_after_the_tides(make: Simulate) -> None:
    """Measured on the whole clean series, tides fitted and taken out by least squares."""
    deployment = make(days=30, period=300, faults=[{"kind": "step", "variable": "temperature", "at": 0.9, "sigma": 1}])
    columns = deployment.truth.columns["ctd"]
    bottom = np.asarray(columns["pressure_clean"]) > 1120
    hours = np.asarray(columns["time_utc"])[bottom] / 3.6e9
    design = [np.ones_like(hours)]
    for speed in (28.9841042, 30.0, 28.4397295, 15.0410686, 13.9430356, 13.3986609):
        design += [np.cos(np.deg2rad(speed * hours)), np.sin(np.deg2rad(speed * hours))]
    matrix, values = np.stack(design, axis=1), np.asarray(columns["temperature_clean"])[bottom]
    rest = values - matrix @ np.linalg.lstsq(matrix, values, rcond=None)[0]
    measured = 1.4826 * np.median(np.abs(rest - np.median(rest)))
    assert deployment.truth.summary["instruments"]["ctd"]["sigma"]["temperature"] == pytest.approx(measured, rel=0.15)


@pytest.mark.parametrize(
    ("instrument", "variable"), [("ctd", "pressure"), ("optode", "oxygen"), ("ctd", "temperature")]
)
def test_stuck(fault, instrument: str, variable: str) -> None:
    deployment = fault("stuck", variable=variable, at=0.4, duration=14_400)
    ids = deployment.column(instrument, f"{variable}_fault")
    name = deployment.truth.summary["instruments"][instrument]["variables"][COLUMN.get(variable, variable)]
    values = deployment.decoded(instrument, name)
    assert (ids == 1).sum() == 14_400 // PERIOD
    assert len(np.unique(values[ids == 1])) == 1
    assert len(np.unique(values[ids == 0][500:700])) > 20


def test_stuck_with_a_wandering_last_bit(fault) -> None:
    deployment = fault("stuck", variable="oxygen", at=0.4, duration=14_400, last_bit_noise=True)
    ids = deployment.column("optode", "oxygen_fault")
    values = deployment.decoded("optode", "oxygen_concentration_uncompensated")[ids == 1]
    steps = np.round((values - np.median(values)) * 1000)
    assert set(steps) == {-1.0, 0.0, 1.0}


def test_step(fault) -> None:
    change, ids = _change(deployment := fault("step", variable="conductivity", at=0.5, sigma=15), "ctd", "conductivity")
    water = deployment.column("ctd", "conductivity_clean") > 2
    np.testing.assert_allclose(change[(ids == 1) & water], deployment.fault(1)["size"], atol=5e-6)
    assert (ids == 1).sum() == pytest.approx(ROWS / 2, abs=2)
    assert np.abs(change[ids == 0]).max() < 1e-5


@pytest.mark.parametrize("shape", ["linear", "exponential"])
def test_ramp(fault, shape: str) -> None:
    deployment = fault("ramp", variable="oxygen", at=0.25, percent_per_30_days=-60, shape=shape)
    rows = deployment.rows("optode")
    factor = deployment.decoded("optode", "oxygen_concentration_uncompensated") / deployment.column(
        "optode", "oxygen_uncompensated_clean"
    )
    months = np.clip(rows * PERIOD / 86_400 - 0.25 * DAYS, 0, None) / 30
    expected = 1 - 0.6 * months if shape == "linear" else 0.4**months
    np.testing.assert_allclose(factor, expected, atol=3e-5)


def test_saturation(fault) -> None:
    deployment = fault("saturation", variable="oxygen", at=0.3, level=50, duration=7200)
    ids = deployment.column("optode", "oxygen_fault")
    values = deployment.decoded("optode", "oxygen_concentration_uncompensated")[ids == 1]
    # 50 umol/L in situ is what the level says; reported without salinity it is 50 / 0.82.
    assert values.mean() == pytest.approx(50 / 0.8226, rel=2e-3)
    assert np.ptp(values) < 0.1


def test_noise(fault) -> None:
    deployment = fault("noise", variable="temperature", at=0.3, factor=6, duration=36_000)
    change, ids = _change(deployment, "ctd", "temperature")
    noise = deployment.truth.summary["instruments"]["ctd"]["noise"]["temperature"]
    assert change[ids == 1].std() == pytest.approx(noise * np.sqrt(35), rel=0.1)
    assert change[ids == 0].std() < noise / 10


def test_warmup(fault) -> None:
    deployment = fault("warmup", variable="temperature", samples=10, sigma=30, every=7200)
    change, ids = _change(deployment, "ctd", "temperature")
    assert len(deployment.fault(1)["occurrences"]) == 24
    assert (ids == 1).sum() == 240
    start = np.flatnonzero((ids == 1) & np.r_[True, ids[:-1] == 0])
    np.testing.assert_allclose(change[start], deployment.fault(1)["size"], rtol=0.01)
    assert (np.abs(change[start + 9]) < 0.1 * np.abs(change[start])).all()


def test_gap(fault) -> None:
    deployment = fault("gap", instrument="optode", at=0.3, duration=10_800)
    times = deployment.clock("optode")
    longest = np.diff(times).max() / 1e6
    # The first line after power-on is damaged by noise.
    assert longest == pytest.approx(10_800 + 2 * PERIOD, abs=PERIOD)
    text = b"".join(path.read_bytes() for path in deployment.simulated.files["optode"])
    assert text.count(b"[Power On]") == 2
    assert text.count(b"[Power Off]") == 2
    assert (np.asarray(deployment.truth.columns["optode"]["status"]) == 1).sum() == 2


def test_dead_to_the_end(fault) -> None:
    deployment = fault("dead", instrument="adcp", at=0.4)
    assert deployment.simulated.records["adcp"] == pytest.approx(0.4 * DAYS * 144, abs=1)
    assert np.datetime64(deployment.fault(1)["end"][:19]) > np.datetime64("2016-09-09T23:59")


def test_duplicate(fault, plain: Deployment) -> None:
    deployment = fault("duplicate", instrument="ctd", at=0.2, samples=50)
    copied, original = deployment.simulated.files["ctd"][0].read_bytes(), plain.simulated.files["ctd"][0].read_bytes()
    body, whole = copied.split(b"*END*\r\n")[1], original.split(b"*END*\r\n")[1]
    first = 32 * round(0.2 * (ROWS - 1))
    assert abs(body.find(whole[first + 32 : first + 64]) - first) <= 64
    ids = deployment.column("ctd", "record_fault")
    assert (ids == 1).sum() == 50
    at = int(np.flatnonzero(ids == 1)[0])
    assert body[32 * at : 32 * (at + 50)] == body[32 * (at - 50) : 32 * at]
    assert body[: 32 * at] + body[32 * (at + 50) :] == whole


def test_clock(make: Simulate) -> None:
    keys = {"seconds_per_year": 1200, "quadratic": 8, "step": 37, "step_at": 0.55}
    deployment = make(days=20, period=600, faults=[{"kind": "clock", "instrument": "ctd", **keys}])
    columns = deployment.truth.columns["ctd"]
    offset = (np.asarray(columns["time_clock"]) - np.asarray(columns["time_utc"])) / 1e6
    share = (np.asarray(columns["time_utc"]) - columns["time_utc"][0]) / (20 * 86_400e6)
    expected = 1200 * 20 / 365.25 * share + 8 * 4 * share * (1 - share) + 37 * (share >= 0.55)
    # The CTD stamps whole seconds, downwards.
    assert (expected - offset).min() > -0.001
    assert (expected - offset).max() < 1.001
    np.testing.assert_allclose(np.diff(columns["time_utc"]), 600e6, rtol=1e-4)
    assert np.diff(columns["time_clock"]).max() / 1e6 == 637


def test_clock_checks_are_the_clock(make: Simulate) -> None:
    from lander.config import load

    deployment = make(days=20, period=600, faults=[
        {"kind": "clock", "instrument": "ctd", "seconds_per_year": 1200, "quadratic": 8, "step": 37}])  # fmt: skip
    (stay,) = load(deployment.simulated.root).deployments
    checks = next(one for one in stay.instruments if one.name == "ctd").clock_checks
    assert len(checks) == 3
    offsets = [float((check.instrument - check.utc) / np.timedelta64(1, "s")) for check in checks]
    assert offsets == pytest.approx([0.0, 600 * 20 / 365.25 + 8 + 37, 1200 * 20 / 365.25 + 37], abs=0.11)
    assert len(next(one for one in stay.instruments if one.name == "optode").clock_checks) == 2


def test_tilt(fault) -> None:
    deployment = fault("tilt", at=0.6, degrees=7)
    for variable, share in (("pitch", 0.8), ("roll", 0.6)):
        change, ids = _change(deployment, "adcp", variable)
        np.testing.assert_allclose(change[ids == 1], 7 * share, atol=6e-3)
        assert (ids == 1).sum() == pytest.approx(0.4 * 288, abs=2)


@pytest.mark.parametrize("instrument", ["ctd", "optode", "adcp"])
def test_truncated_file(fault, plain: Deployment, instrument: str) -> None:
    deployment = fault("truncated_file", instrument=instrument, at=0.7)
    status = np.asarray(deployment.truth.columns[instrument]["status"])
    cut = deployment.simulated.files[instrument][-1 if instrument != "optode" else 1]
    whole = plain.simulated.files[instrument][-1 if instrument != "optode" else 1].read_bytes()
    data = cut.read_bytes()
    assert len(data) < len(whole)
    assert data == whole[: len(data)]
    decoded = ingest.decode(cut)
    assert decoded.ledger.rejected[-1].offset + decoded.ledger.rejected[-1].length == len(data)
    np.testing.assert_array_equal(deployment.clock(instrument), deployment.column(instrument, "time_clock"))
    assert (status == 2).sum() > 50
    assert (np.asarray(deployment.truth.columns[instrument]["record_fault"])[status == 2] == 1).all()
    if instrument == "ctd":
        assert decoded.ledger.expected_records == ROWS


def test_midnight_split(fault, plain: Deployment) -> None:
    deployment = fault("midnight_split", instrument="optode")
    files = deployment.simulated.files["optode"]
    pieces = [path.read_bytes() for path in files]
    assert not pieces[0].endswith(b"\n")
    assert b"".join(pieces) == b"".join(path.read_bytes() for path in plain.simulated.files["optode"])
    assert (deployment.truth.columns["optode"]["record_fault"] == 1).sum() == len(files) - 1
    np.testing.assert_array_equal(deployment.clock("optode"), deployment.column("optode", "time_clock"))


def test_midnight_split_of_an_upload(fault) -> None:
    deployment = fault("midnight_split", instrument="ctd")
    files = deployment.simulated.files["ctd"]
    assert len(files) == 3
    counts = [ingest.decode(path).ledger.expected_records for path in files]
    assert counts == [1440, 1440, 1]
    np.testing.assert_array_equal(deployment.clock("ctd"), deployment.column("ctd", "time_clock"))


def test_a_fault_without_an_instrument_is_kept_in_the_truth(make: Simulate) -> None:
    faults = [
        {"kind": "saturation", "variable": "turbidity", "at": 0.3, "level": 25, "duration": 3600},
        {"kind": "step", "variable": "ph", "at": 0.3, "sigma": 3},
        {"kind": "gap", "instrument": "camera", "at": 0.3, "duration": 3600},
        {"kind": "gap", "instrument": "ctd", "at": 0.3, "duration": 3600},
    ]
    deployment = make(faults=faults)
    assert [entry["written"] for entry in deployment.truth.summary["faults"]] == [True, False, False, True]
    assert (deployment.truth.columns["eco"]["turbidity_fault"] == 1).sum() == 60
    assert "methane" not in deployment.truth.columns
    assert sorted(path.name for path in (deployment.simulated.root / "raw").iterdir()) == [
        "adcp", "ctd", "eco", "optode"]  # fmt: skip


EVENTS = {
    "plume": {
        "at": 0.3, "variables": {"oxygen": -8, "methane": 900}, "rise": 900, "decay": 3600, "lag": {"oxygen": 600},
    },
    "methane_only": {"at": 0.4, "amplitude": 2500, "rise": 1800, "decay": 14_400},
    "warm_anomaly": {"at": 0.5, "amplitude": 0.5, "rise": 3600, "decay": 7200},
    "turbidity_flow": {"at": 0.47, "amplitude": 15, "rise": 600, "decay": 7200},
    "bubbles": {"at": 0.33, "echo_dB": 18, "duration": 7200},
}  # fmt: skip
MARKS = {
    "plume": ("optode", "oxygen", -8.0),
    "methane_only": ("methane", "methane", 2500.0),
    "warm_anomaly": ("ctd", "temperature", 0.5),
    "turbidity_flow": ("eco", "turbidity", 15.0),
    "bubbles": ("adcp", "echo", 18.0),
}


@pytest.mark.parametrize("kind", EVENTS)
def test_events(make: Simulate, plain: Deployment, kind: str) -> None:
    deployment = make(events=[{"kind": kind, **EVENTS[kind]}], seed=9)
    instrument, variable, amplitude = MARKS[kind]
    columns = deployment.truth.columns[instrument]
    ids = np.asarray(columns[f"{variable}_event"])
    assert (ids == 1).any()
    if instrument in plain.truth.columns:
        name = f"{variable}_clean"
        change = np.asarray(columns[name]) - np.asarray(plain.truth.columns[instrument][name])
        change = change.reshape(len(ids), -1)[:, 0]
        share = {"echo": 0.92}.get(variable, 1.0)
        assert change[np.argmax(np.abs(change))] == pytest.approx(share * amplitude, rel=0.03)
        assert np.abs(change[ids == 0]).max() < 0.03 * abs(amplitude)
    assert deployment.truth.summary["events"][0]["written"]
    onset = (np.asarray(columns["time_utc"])[ids == 1][0] - columns["time_utc"][0]) / 1e6
    expected = EVENTS[kind]["at"] * DAYS * 86_400 + EVENTS[kind].get("lag", {}).get(variable, 0)
    assert onset == pytest.approx(expected, abs=600 if instrument == "adcp" else PERIOD)


def test_an_event_is_in_the_bytes(make: Simulate, plain: Deployment) -> None:
    warm = make(events=[{"kind": "warm_anomaly", **EVENTS["warm_anomaly"]}], seed=9)
    change = warm.decoded("ctd", "temperature") - plain.decoded("ctd", "temperature")
    assert change.max() == pytest.approx(0.5, abs=0.01)
    conductivity = warm.decoded("ctd", "conductivity") - plain.decoded("ctd", "conductivity")
    assert conductivity.max() == pytest.approx(0.045, abs=0.005)


EXAMPLES = {
    "spike": {"variable": "pressure", "count": 3, "sigma": 20},
    "stuck": {"variable": "conductivity", "at": 0.5, "duration": 3600},
    "step": {"variable": "temperature", "at": 0.5, "sigma": 5},
    "ramp": {"variable": "conductivity", "at": 0.5, "percent_per_30_days": 3},
    "saturation": {"variable": "pressure", "at": 0.5, "duration": 3600, "level": 2000},
    "noise": {"variable": "echo", "at": 0.5, "duration": 7200, "factor": 9},
    "warmup": {"variable": "heading", "samples": 4, "sigma": 40},
    "gap": {"instrument": "adcp", "at": 0.5, "duration": 7200},
    "dead": {"instrument": "optode", "at": 0.9},
    "duplicate": {"instrument": "adcp", "at": 0.5, "samples": 5},
    "clock": {"instrument": "adcp", "seconds_per_year": 900},
    "tilt": {"at": 0.5, "degrees": 3},
    "truncated_file": {},
    "midnight_split": {"instrument": "adcp"},
}


def _content(deployment: Deployment) -> dict[str, bytes]:
    return {name: b"".join(path.read_bytes() for path in paths) for name, paths in deployment.simulated.files.items()}


@pytest.mark.parametrize("kind", _FAULTS)
def test_every_fault_changes_the_bytes_of_its_instrument_alone(make: Simulate, plain: Deployment, kind: str) -> None:
    deployment = make(faults=[{"kind": kind, **EXAMPLES[kind]}], seed=9)
    (entry,) = deployment.truth.summary["faults"]
    assert entry["written"]
    assert entry["start"] < entry["end"] or kind == "spike"
    assert entry["instrument"] in ("ctd", "optode", "adcp")
    before, after = _content(plain), _content(deployment)
    same = {name for name in before if before[name] == after[name]}
    if kind == "midnight_split" and entry["instrument"] == "adcp":
        assert len(deployment.simulated.files["adcp"]) == DAYS + 1
        assert same == set(before)
    else:
        assert same == set(before) - {entry["instrument"]}


def test_every_event_is_tested() -> None:
    assert set(EVENTS) == set(MARKS) == set(_EVENTS)
