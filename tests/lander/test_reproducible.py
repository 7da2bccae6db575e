"""The same raw files and configuration give the same bytes: for any number of workers, any order, any chunks."""

import shutil
from pathlib import Path

import dask
import numpy as np
import pytest
import xarray as xr

import lander
import qc
from lander import phase, store
from lander.inventory import phase_path
from lander.stages import phase as phase_stage
from qc.plan import Plan
from tests.lander.simulated import SPIKES, copy, digests, make, run

DAY = 86_400


def without_store(archive: Path, to: Path) -> Path:
    folder = copy(archive, to)
    shutil.rmtree(folder / "store")
    return folder


def test_one_and_two_workers_give_the_same_bytes(seafloor, tmp_path):
    fresh = without_store(seafloor, tmp_path / "two")
    outcome = run(fresh, workers=2)
    assert not outcome.failed
    one, two = digests(seafloor / "store"), digests(fresh / "store")
    assert len(one) == 86
    assert one == two


def test_the_order_of_raw_files_changes_their_origin_only(seafloor, tmp_path):
    fresh = without_store(seafloor, tmp_path / "renamed")
    logs = sorted((fresh / "raw/one/optode").iterdir())
    for number, file in enumerate(reversed(logs)):
        file.rename(file.with_name(f"{number}.optode.log"))
    assert not run(fresh).failed
    before, after = digests(seafloor / "store"), digests(fresh / "store")
    changed = {path for path in before if before[path] != after[path]}
    assert before.keys() == after.keys()
    assert changed == {f"sitef/one/optode/samples/L1/{month}.nc" for month in ("2016-09", "2016-10")}
    for path in changed:
        old, new = store.read(seafloor / "store" / path), store.read(fresh / "store" / path)
        named = [table["source_file_sha256"].data[table["source_file"].data] for table in (old, new)]
        assert np.array_equal(*named)
        same = [name for name in old.columns if not name.startswith("source_file")]
        assert len(same) > 10
        for name in set(same) - {"source_identical_skipped"}:
            assert np.array_equal(old[name].data, new[name].data), name


@pytest.mark.parametrize("first", ["20161002", "20160930", "sim-one"])
def test_files_that_come_one_after_the_other_end_in_the_same_bytes(seafloor, tmp_path, first):
    fresh = without_store(seafloor, tmp_path / "late")
    late = [file for file in (fresh / "raw").rglob("*.*") if file.name.startswith(first)]
    assert late
    waiting = {file: file.read_bytes() for file in late}
    for file in late:
        file.unlink()
    run(fresh)
    assert digests(fresh / "store") != digests(seafloor / "store")
    for file, content in waiting.items():
        file.write_bytes(content)
    assert not run(fresh).failed
    assert digests(fresh / "store") == digests(seafloor / "store")


@pytest.mark.parametrize("after", [1, 20])
def test_a_run_that_was_stopped_is_taken_up(seafloor, tmp_path, monkeypatch, after):
    fresh = without_store(seafloor, tmp_path / "stopped")
    write, written = store.write, []

    def stopped(root, path, *more):
        if len(written) == after:
            raise KeyboardInterrupt
        written.append(path)
        return write(root, path, *more)

    monkeypatch.setattr(store, "write", stopped)
    with pytest.raises(KeyboardInterrupt):
        run(fresh)
    assert set(digests(fresh / "store")) == set(written)
    monkeypatch.undo()
    outcome = run(fresh)
    assert set(written).isdisjoint(outcome.built), "made twice"
    assert digests(fresh / "store") == digests(seafloor / "store")
    assert not list((fresh / "store").rglob("*.tmp"))
    assert not run(fresh).changed


@pytest.fixture(scope="module")
def months(tmp_path_factory) -> Path:
    """60 days every ten minutes, with a stuck sensor over one end of a month and a gap over the other."""
    folder = tmp_path_factory.mktemp("months")
    faults = [
        {**SPIKES, "count": 60, "sigma": 20},
        {"kind": "stuck", "variable": "pressure", "at": 22.8 / 60, "duration": DAY},
        {"kind": "stuck", "variable": "oxygen", "at": 22.9 / 60, "duration": 2 * DAY},
        {"kind": "gap", "instrument": "ctd", "at": 52.8 / 60, "duration": DAY / 2},
    ]
    make(folder, {"name": "long", "days": 60, "period": 600, "faults": faults}, without=("adcp",))
    assert not run(folder).failed
    return folder


def whole_record(archive, instrument: str) -> tuple[xr.Dataset, Plan]:
    """L1 and L2 of a stream over all months, and the plan that judged it."""
    stream = next(one for one in archive.streams if one.instrument.name == instrument)
    tables = [
        [store.read(archive.store / stream.path(level, month)) for level in ("L1", "L2")] for month in stream.months
    ]
    assert len(tables) == 3
    (plan,) = {str(level2.attributes["qc_plan"]) for _, level2 in tables}
    columns = {}
    for name in stream.series:
        level = 1 if name in stream.derived else 0
        values = np.concatenate([pair[level][name].values() for pair in tables]).astype(np.float64)
        columns[name] = ("time", values)
        for ending in ("qc", "qc_tests"):
            flags = np.concatenate([level2[f"{name}_{ending}"].data for _, level2 in tables])
            columns[f"{name}_{ending}"] = ("time", flags)
    time = np.concatenate([level1["time"].data for level1, _ in tables])
    found, _ = phase_stage.load(archive.store, phase_path(stream.deployment))
    columns["deployment_phase"] = ("time", phase.at(time, found).astype(np.float64))
    return xr.Dataset(columns, {"time": time.astype("datetime64[us]")}), Plan.from_json(plan)


@pytest.mark.parametrize(
    ("instrument", "names"),
    [
        ("ctd", ("temperature", "conductivity", "pressure", "practical_salinity")),
        ("optode", ("oxygen_concentration_uncompensated", "oxygen_concentration")),
    ],
)
def test_flags_are_the_same_by_month_as_by_hour_day_or_week(months, instrument, names):
    stored, plan = whole_record(lander.open(months), instrument)
    values = stored[[*names, "deployment_phase"]]
    derived = {"practical_salinity", "oxygen_concentration"}
    assert set(names) <= set(plan.variables)
    for hours in (1, 24, 7 * 24):
        judged = qc.run(values.chunk(time=6 * hours), plan)
        with dask.config.set(scheduler="synchronous"):
            judged = judged.compute()
        for name in names:
            assert np.array_equal(judged[f"{name}_qc_tests"], stored[f"{name}_qc_tests"]), (name, hours)
            if name not in derived:  # their flags are bounded by those of their inputs
                assert np.array_equal(judged[f"{name}_qc"], stored[f"{name}_qc"]), (name, hours)
    for name in names:
        assert {1, 9 if name in derived else 4} <= set(np.unique(stored[f"{name}_qc"])), name
        checks = {planned.check for planned in plan.for_variable(name)}
        assert {"spike", "flat_line", "gross_range"} <= checks


def test_a_stuck_sensor_is_seen_over_the_end_of_a_month(months):
    series = lander.open(months).series("pressure").sel(time=slice("2016-09-30T20:00", "2016-10-01T12:00")).load()
    assert np.isin(series["pressure_qc"].values, (3, 4)).all()
