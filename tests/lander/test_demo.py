"""The demo, short and coarse: every instrument's raw files to UTC, flags, products and tables, against the truth."""

import csv
from pathlib import Path

import numpy as np
import pytest

import lander
from lander import demo
from lander.archive import Archive
from sample_data import Truth, read_truth

# Name in the truth; largest error beside the quantised values and the CTD's whole seconds, at 1 sample in 10 minutes.
COLUMNS = {
    ("ctd", "temperature"): ("temperature", 1e-4),
    ("ctd", "pressure"): ("pressure", 2e-3),
    ("optode", "oxygen_concentration_uncompensated"): ("oxygen_uncompensated", 6e-4),
    ("adcp", "eastward_velocity"): ("velocity_east", 6e-4),
    ("methane", "methane_partial_pressure"): ("methane_partial_pressure", 6e-3),
    ("eco", "turbidity"): ("turbidity", 3.2e-3),
    ("eco", "chlorophyll_concentration"): ("chlorophyll", 6.2e-3),
    ("signature", "eastward_velocity"): ("velocity_east", 6e-4),
    ("rbr", "temperature"): ("temperature", 3e-5),
    ("rbr", "absolute_pressure"): ("pressure", 1.5e-3),
}


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("demo") / "demo"
    with pytest.MonkeyPatch.context() as patch:
        said: list[str] = []
        patch.setattr("lander.terminal.say", lambda text="": said.append(text))
        patch.setattr("lander.terminal.table", lambda columns, rows, **_: said.extend(" ".join(row) for row in rows))
        demo.run(2, 600.0, folder, 1)
    (folder / "said.txt").write_text("\n".join(said))
    return folder


@pytest.fixture(scope="module")
def archive(made: Path) -> Archive:
    return lander.open(made)


@pytest.fixture(scope="module")
def truth(made: Path) -> Truth:
    return read_truth(made)


@pytest.mark.parametrize(("instrument", "variable"), COLUMNS)
def test_values_and_times_are_the_truth(archive: Archive, truth: Truth, instrument: str, variable: str) -> None:
    name, tolerance = COLUMNS[instrument, variable]
    columns = truth.columns[instrument]
    whole = np.asarray(columns["status"]) == 0
    fault_of = {"oxygen_uncompensated": "oxygen", "methane_partial_pressure": "methane"}.get(name, name)
    sound = np.asarray(columns[f"{fault_of}_fault"])[whole] == 0
    series = archive.series(variable, instrument=instrument).load()
    time = series["time"].values.astype("datetime64[us]").astype(np.int64)
    assert time.size == whole.sum()
    # Clock checks are read to 0.1 s, the CTD and the HydroC stamp whole seconds.
    assert np.abs(time - np.asarray(columns["time_utc"])[whole]).max() < 1.2e6
    error = np.abs(series[variable].values - np.asarray(columns[f"{name}_clean"])[whole])[sound]
    assert np.isfinite(error).mean() > 0.8
    assert np.nanmax(error) < tolerance


def test_what_it_says_names_every_instrument(made: Path) -> None:
    said = (made / "said.txt").read_text()
    for instrument, variable in (*COLUMNS, ("ctd", "practical_salinity"), ("optode", "oxygen_concentration")):
        if variable != "oxygen_concentration_uncompensated":
            assert f"{instrument} {variable} " in said
    shares = [float(line.split()[-2]) for line in said.splitlines() if line.endswith(" %")]
    assert len(shares) == 11
    assert min(shares) > 60  # two days hold the faults of thirty
    assert "inputs failed" not in said


def test_the_first_of_several_counts(archive: Archive) -> None:
    for variable, instrument in (("temperature", "ctd"), ("pressure", "ctd"), ("eastward_velocity", "adcp")):
        assert [stream.instrument.name for stream in archive.providers(variable)] == [instrument]
    assert archive.series("temperature", instrument="rbr").sizes["time"] == 288


def test_every_variable_has_one_provider(archive: Archive) -> None:
    """None is ambiguous: `primary:` names them all."""
    for variable in archive.variables:
        assert len(archive.providers(variable)) == 1


def test_no_plume_is_ever_filled(made: Path, archive: Archive) -> None:
    import netCDF4

    for instrument in ("methane", "eco"):
        for path in (made / "store/sitef/sim-demo" / instrument).rglob("L2/*.nc"):
            with netCDF4.Dataset(path) as file:
                assert not [name for name in file.variables if "_fill" in name and name.endswith("_time")]
    filled = archive.series("methane_partial_pressure", filled=True)
    assert filled.sizes["time"] == archive.series("methane_partial_pressure").sizes["time"]


def test_a_row_of_a_database_is_not_shown_as_bytes(made: Path, archive: Archive, truth: Truth) -> None:
    utc = np.asarray(truth.columns["rbr"]["time_utc"]).astype("datetime64[us]")[100]
    told = archive.explain("temperature", utc, instrument="rbr")
    assert told["source"]["offset"] == 101
    assert told["steps"][0]["after"].startswith("record 101 of a file")
    assert told["steps"][1]["after"] == pytest.approx(truth.columns["rbr"]["temperature_clean"][100], abs=2e-5)
    told = archive.explain("methane_partial_pressure", utc)
    assert "uatm" in told["units"]
    assert told["steps"][0]["after"].startswith("2016-09-09;00:40:01;0;0;")


def test_tables_and_picture(made: Path) -> None:
    assert (made / "published/overview.png").read_bytes().startswith(b"\x89PNG")
    with (made / "published/csv/methane_partial_pressure/sitef_methane_partial_pressure.csv").open() as file:
        rows = list(csv.DictReader(file))
    assert 270 < len(rows) <= 288
    assert rows[100]["instrument"].startswith("methane (Contros HydroC CH4")
    assert rows[0]["time"].startswith("2016-09-08T00:0")
    assert 10 < float(rows[40]["methane_partial_pressure"]) < 100


def test_products_of_a_sensor_with_a_gap(archive: Archive) -> None:
    hourly = archive.product("hourly", "turbidity", site="sitef")
    assert hourly.sizes["time"] >= 45
    assert hourly["good_turbidity_mean"].attrs["units"] == "1"
