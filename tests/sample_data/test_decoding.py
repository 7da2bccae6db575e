"""The bytes: decoded by the project's readers they give the truth, and by hand they are in order."""

from pathlib import Path

import numpy as np
import pytest

import ingest
from sample_data.instruments import pd0, sbe37
from sample_data.logger import stamp_text
from sample_data.text import digits, fixed, join, literal
from tests.sample_data.conftest import Deployment

# Half a count of each sensor at the place where it is coarsest, with room for float32.
RESOLUTION = {
    "ctd": {"temperature": 7e-5, "conductivity": 5e-6, "pressure": 1.2e-3},
    "optode": {"temperature": 5.1e-4, "oxygen_uncompensated": 5.1e-4},
    "adcp": {"velocity_east": 5.1e-4, "velocity_north": 5.1e-4, "velocity_up": 5.1e-4, "velocity_error": 5.1e-4,
             "heading": 5.1e-3, "pitch": 5.1e-3, "roll": 5.1e-3, "temperature": 5.1e-3},
    "methane": {"methane": 5.1e-3},
    "eco": {"turbidity": 3.07e-3, "chlorophyll": 6.06e-3},
    "signature": {"velocity_east": 5.1e-4, "velocity_north": 5.1e-4, "velocity_up": 5.1e-4, "velocity_up_2": 5.1e-4,
                  "heading": 5.1e-3, "pitch": 5.1e-3, "roll": 5.1e-3, "temperature": 5.1e-3},
    "rbr": {"temperature": 1.01e-5, "pressure": 1.01e-3},
}  # fmt: skip
# The truth of what a HydroC reports; methane itself is a concentration.
COLUMN = {"methane": "methane_partial_pressure"}
PLACES = [(instrument, variable) for instrument, variables in RESOLUTION.items() for variable in variables]


@pytest.mark.parametrize(("instrument", "variable"), PLACES)
def test_decoding_gives_the_truth(clean: Deployment, instrument: str, variable: str) -> None:
    name = clean.truth.summary["instruments"][instrument]["variables"][variable]
    error = clean.decoded(instrument, name) - clean.column(instrument, f"{COLUMN.get(variable, variable)}_clean")
    assert np.isfinite(error).mean() > 0.85
    assert np.nanmax(np.abs(error)) < RESOLUTION[instrument][variable]


@pytest.mark.parametrize("instrument", RESOLUTION)
def test_decoded_times_are_the_stated_clock(clean: Deployment, instrument: str) -> None:
    np.testing.assert_array_equal(clean.clock(instrument), clean.column(instrument, "time_clock"))


@pytest.mark.parametrize("instrument", RESOLUTION)
def test_every_byte_is_known_and_only_the_damaged_is_rejected(clean: Deployment, instrument: str) -> None:
    ledgers = [ingest.decode(path).ledger for path in clean.simulated.files[instrument]]
    assert all(ledger.adds_up and ledger.bytes_skipped < 500 for ledger in ledgers)
    damaged = np.asarray(clean.truth.columns[instrument]["status"]) == 1
    assert sum(len(ledger.rejected) for ledger in ledgers) == damaged.sum() == (instrument in ("optode", "eco"))


def test_compensated_oxygen_is_the_truth(clean: Deployment) -> None:
    """Salinity and pressure of the truth, and the compensation of TD 269 and Uchida written here a second time."""
    rows = clean.rows("optode")
    reported = clean.decoded("optode", "oxygen_concentration_uncompensated")
    oxygen = clean.column("optode", "oxygen_clean")
    seconds = clean.column("optode", "time_utc")
    ctd = clean.truth.columns["ctd"]
    bottom = (oxygen < 110) & (rows > 400) & (rows < len(rows) - 400)
    names = ("temperature_clean", "pressure_clean")
    temperature, pressure = (np.interp(seconds, ctd["time_utc"], ctd[name]) for name in names)
    scaled = np.log((298.15 - temperature) / (273.15 + temperature))
    exponent = 34.505 * (-6.24097e-3 - 6.93498e-3 * scaled - 6.90358e-3 * scaled**2 - 4.29155e-3 * scaled**3)
    factor = np.exp(exponent - 3.1168e-7 * 34.505**2) * (1 + 0.032 * pressure / 1000)
    # Salinity swings by 0.02 around 34.505: 1.3e-4 of oxygen.
    np.testing.assert_allclose((reported * factor)[bottom], oxygen[bottom], rtol=3e-4)


def test_the_header_tells_the_count_of_its_file(clean: Deployment) -> None:
    (path,) = clean.simulated.files["ctd"]
    ledger = ingest.decode(path).ledger
    assert ledger.expected_records == clean.simulated.records["ctd"]


def test_ensembles_are_sealed(clean: Deployment) -> None:
    (path,) = clean.simulated.files["adcp"]
    data = path.read_bytes()
    size = int.from_bytes(data[2:4], "little") + 2
    assert len(data) == size * clean.simulated.records["adcp"]
    for number in (0, 1, len(data) // size - 1):
        ensemble = data[number * size : (number + 1) * size]
        assert ensemble[:2] == b"\x7f\x7f"
        assert sum(ensemble[:-2]) % 65_536 == int.from_bytes(ensemble[-2:], "little")


def test_the_optode_file_is_a_loggers(clean: Deployment) -> None:
    lines = clean.simulated.files["optode"][0].read_bytes().split(b"\n")
    assert lines[0].endswith(b" [optode:DLOGP4]:Instrument Started [Power On]")
    assert b" [optode:DLOGP4]:" in lines[1]
    assert max(lines[1]) > 127
    assert lines[1].endswith(b"\r")
    fields = lines[2].rstrip(b"\r").split(b"\t")
    assert len(fields) == 12
    assert fields[0][:11] == b"2016/09/08 "
    assert fields[1] == b"999"


def test_fixed_numbers_as_python_prints_them() -> None:
    values = np.array([0, 5, -5, 999, 1000, -1000, 123_456, -99_999_999, 99_999_999], dtype=np.int64)
    for decimals in (1, 3):
        data, ends = join([fixed(values, decimals), literal("\t", len(values))])
        expected = [f"{value / 10**decimals:.{decimals}f}" for value in values]
        assert data.tobytes().decode().split("\t")[:-1] == expected
        assert ends[-1] == len(data)
    data, _ = join([fixed(values, 2, ","), fixed(values, 0), literal(" ", len(values))])
    assert data.tobytes().decode().split() == [f"{value / 100:.2f}".replace(".", ",") + f"{value}" for value in values]
    with pytest.raises(ValueError, match="more than 8 digits"):
        fixed(np.array([10**8]), 3)
    assert digits(np.array([7, 120]), 3).tobytes() == b"007120"


def test_stamps_over_midnight_and_leap_day() -> None:
    times = np.array(["2016-02-28T23:59:59.999", "2016-02-29T00:00:00", "2015-12-31T23:00:01.5"], "datetime64[us]")
    text = stamp_text(times.astype(np.int64)).tobytes().decode()
    assert text == "2016/02/28 23:59:59.9992016/02/29 00:00:00.0002015/12/31 23:00:01.500"


def test_quick_hex_decodes(tmp_path: Path) -> None:
    path = tmp_path / "quick.hex"
    size = sbe37.write(path, count=70_000, interval=10)
    assert path.stat().st_size == size
    decoded = ingest.decode(path)
    (samples,) = decoded.streams.values()
    assert decoded.ledger.expected_records == len(samples["time"]) == 70_000
    assert (np.diff(samples["time"].values) == np.timedelta64(10, "s")).all()
    assert 3.8 < samples["temperature"].values.min() < samples["temperature"].values.max() < 4.0
    assert not decoded.ledger.rejected


def test_quick_ensembles_decode(tmp_path: Path) -> None:
    path = tmp_path / "quick.000"
    size = pd0.write(path, ensembles=5000, cells=30, interval=1.5)
    decoded = ingest.decode(path)
    (samples,) = decoded.streams.values()
    assert decoded.ledger.bytes_accepted == size == path.stat().st_size
    assert samples["eastward_velocity"].shape == (5000, 30)
    assert (np.diff(samples["time"].values) == np.timedelta64(1500, "ms")).all()
