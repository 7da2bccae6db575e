import subprocess
import sys

import numpy as np
import pytest
import xarray as xr

import qc
from qc.errors import QcError
from qc.flags import get
from qc.plan import Plan
from qc.run import _stretches, judge, plan_of, reach
from tests.qc.records import TRAITS, regular, sea, troubled

PLAN = Plan.build({}, {"temperature": TRAITS, "velocity": TRAITS})


def dataset(n=20_000, seed=0, edges=()):
    time, value, phase = troubled(n, seed, edges=edges)
    cells = np.stack([troubled(n, seed + k)[1] for k in range(1, 4)], 1)
    return xr.Dataset(
        {
            "temperature": ("time", value, {"long_name": "Sea water temperature", "units": "degree_Celsius"}),
            "velocity": (("cell", "time"), cells.T),
            "deployment_phase": ("time", phase),
        },
        coords={"time": ("time", time.astype("datetime64[us]"))},
    )


def test_the_names_qc_run_and_qc_fill_are_functions_in_any_order_of_imports():
    orders = (
        "import qc.fill.linear; import qc.run; import qc.fill; import qc",
        "from qc.run import judge; import qc.fill.linear; import qc",
        "import qc.filler; qc.filler.discover(); import qc.fill.linear",
        "import qc; import qc.fill.linear; import qc.run",
    )
    for order in orders:
        code = f"{order}; from qc.run import judge; from qc.fill.linear import FILLER; import types, pickle; "
        code += "assert type(qc.run) is type(qc.fill) is types.FunctionType, (qc.run, qc.fill); "
        code += "assert pickle.loads(pickle.dumps(qc.run)) is qc.run and pickle.loads(pickle.dumps(judge)) is judge"
        done = subprocess.run([sys.executable, "-W", "error", "-c", code], capture_output=True, text=True)
        assert done.returncode == 0, (order, done.stderr)


def test_importing_the_package_is_light():
    code = "import qc, sys; print(sorted({'numba', 'dask', 'xarray', 'pandas'} & set(sys.modules)))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_run_adds_flags_that_say_what_they_are_and_changes_nothing():
    ds = dataset(2000)
    ds["temperature"].values.flags.writeable = False
    before = ds.copy(deep=True)
    judged = qc.run(ds, PLAN)
    assert ds.identical(before)
    assert judged["temperature_qc_tests"].dtype == np.uint64
    assert judged["temperature_qc"].dtype == np.int8
    assert judged["temperature_qc"].dims == ("time",)
    assert judged["velocity_qc"].dims == ("time", "cell")
    assert judged["temperature_qc"].attrs["standard_name"] == "quality_flag"
    assert judged["temperature_qc_tests"].attrs["test_slots"] == (
        "gross_range:0 spike:3 flat_line:4 out_of_water:8 stuck_noisy:22 event:29 step:30"
    )
    assert judged["temperature"].attrs["ancillary_variables"] == "temperature_qc temperature_qc_tests"
    assert judged["temperature"].identical(ds["temperature"].assign_attrs(judged["temperature"].attrs))
    assert plan_of(judged) == PLAN
    again = qc.run(judged, PLAN)
    assert again.identical(judged), "running again changes nothing"


def test_run_says_what_judge_says():
    ds = dataset(2000)
    judged = qc.run(ds, PLAN)
    time = ds["time"].values.astype("datetime64[us]").astype(np.int64)
    variables = {"temperature": ds["temperature"].values, "deployment_phase": ds["deployment_phase"].values}
    plain = judge(time, variables, PLAN)["temperature"]
    assert (judged["temperature_qc_tests"].values == plain.tests).all()
    assert (judged["temperature_qc"].values == plain.flags).all()
    assert set(np.unique(plain.flags)) >= {1, 2, 3, 4, 9}


@pytest.mark.parametrize("chunk", [1, 360, 8640, 60_480, (7, 1, 4000, 30_000, 992)])
def test_dask_backed_is_lazy_and_equals_numpy_backed(chunk):
    n = 1500 if chunk == 1 else 35_000
    step = chunk if isinstance(chunk, int) else 5000
    ds = dataset(n, seed=4, edges=list(range(step, n, step))[:300])
    eager = qc.run(ds, PLAN)
    chunked = ds.chunk({"time": chunk})
    lazy = qc.run(chunked, PLAN)
    for name in ("temperature", "velocity"):
        for which in (f"{name}_qc", f"{name}_qc_tests"):
            assert lazy[which].chunks is not None
            assert lazy[which].chunksizes["time"] == chunked["temperature"].chunksizes["time"]
            assert lazy[which].dtype == eager[which].dtype
    xr.testing.assert_identical(lazy.compute(), eager)


def test_dask_judges_in_more_than_one_stretch_and_computes_both_results_at_once(monkeypatch):
    monkeypatch.setattr(sys.modules["qc.run"], "BLOCK", 1000)
    n = 20_000
    ds = dataset(n, seed=6, edges=range(500, n, 500)).drop_vars("velocity")
    chunked = ds.chunk({"time": 500})
    time = ds["time"].values.astype("datetime64[us]").astype(np.int64)
    stretches = _stretches(time, chunked["temperature"].data.chunks[0], reach(PLAN))
    assert len(stretches) > 8
    assert [part.start for part in stretches[1:]] == [part.stop for part in stretches[:-1]]
    xr.testing.assert_identical(qc.run(chunked, PLAN).compute(), qc.run(ds, PLAN))


def test_only_inputs_lazy_or_only_values_lazy_is_all_the_same():
    ds = dataset(3000).drop_vars("velocity")
    eager = qc.run(ds, PLAN)
    for name in ("temperature", "deployment_phase"):
        mixed = ds.assign({name: ds[name].chunk({"time": 700})})
        xr.testing.assert_identical(qc.run(mixed, PLAN).compute(), eager)


def test_a_first_pass_is_made_lazily_too(monkeypatch):
    from qc import engine
    from tests.qc.test_engine import FUTURE, FutureParams, Planned

    for module in ("qc.run", "qc.engine", "qc.plan"):
        monkeypatch.setattr(sys.modules[module], "discover", lambda: {"future": FUTURE})
    monkeypatch.setattr(sys.modules["qc.run"], "BLOCK", 500)
    monkeypatch.setattr(Plan, "to_json", lambda self: "{}")
    assert engine.discover() == {"future": FUTURE}
    plan = Plan({"temperature": (Planned("future", 20, FutureParams(), True),)})
    ds = xr.Dataset(
        {"temperature": ("time", sea(5000)), "pressure": ("time", np.ones(5000))},
        coords={"time": regular(5000).astype("datetime64[us]")},
    )
    eager = qc.run(ds, plan)
    assert set(np.unique(eager["temperature_qc"])) == {1, 3}
    xr.testing.assert_identical(qc.run(ds.chunk({"time": 700}), plan).compute(), eager)


def test_variables_out_of_the_plan_or_the_dataset_are_left_alone():
    ds = dataset(100)
    judged = qc.run(ds, PLAN.only("velocity"))
    assert "temperature_qc" not in judged
    assert "velocity_qc" in judged
    assert "velocity_qc" not in qc.run(ds.drop_vars("velocity"), PLAN)


def test_datasets_that_cannot_be_judged_are_named():
    ds = dataset(100)
    with pytest.raises(QcError, match="no one-dimensional variable `time`"):
        qc.run(ds.drop_vars("time"), PLAN)
    with pytest.raises(QcError, match="goes back"):
        qc.run(ds.isel(time=slice(None, None, -1)), PLAN)
    with pytest.raises(QcError, match="'temperature' has dimensions"):
        qc.run(ds.assign(temperature=("cell", np.zeros(3))), PLAN)
    with pytest.raises(QcError, match="was not judged"):
        plan_of(ds)


@pytest.mark.parametrize("n", [0, 1])
@pytest.mark.parametrize("chunk", [False, True])
def test_next_to_nothing_is_judged(n, chunk):
    ds = dataset(100).isel(time=slice(0, n))
    judged = qc.run(ds.chunk({"time": 10}) if chunk else ds, PLAN).compute()
    assert judged["temperature_qc"].shape == (n,)
    assert judged["velocity_qc"].shape == (n, 3)


def test_a_plan_can_be_built_from_what_a_dataset_tells():
    ds = dataset(2000)
    ds["temperature"].attrs |= {"valid_min": -2.5, "resolution": 1e-3}
    traits = qc.traits_of(ds)
    assert set(traits) == {"temperature", "velocity"}
    assert traits["temperature"].valid_min == -2.5
    assert traits["temperature"].sampling_seconds == pytest.approx(10.0, rel=1e-3)
    assert qc.run(ds, Plan.build({}, traits))["temperature_qc"].dtype == np.int8
    with pytest.raises(QcError, match="no sampling interval"):
        qc.traits_of(ds.isel(time=[0]))


def test_fill_makes_a_table_beside_the_observations():
    time = regular(2000, 600.0)
    value = 4 + 0.3 * np.sin(np.arange(2000) / 12) + np.random.default_rng(0).normal(0, 0.002, 2000)
    value[500:506] = np.nan
    value[800] = 99.0
    keep = np.ones(2000, bool)
    keep[1200:1210] = False
    keep[1500:1600] = False
    ds = xr.Dataset({"temperature": ("time", value)}, coords={"time": time.astype("datetime64[us]")}).isel(time=keep)
    judged = qc.run(ds, Plan.build({"temperature": {"out_of_water": "off"}}, {"temperature": TRAITS}))
    table = qc.fill(judged, {"temperature": 3 * 3600.0})
    filled = table["temperature_fill_time"].values.astype(np.int64)
    missing = [*time[500:506], time[800], *time[1200:1210]]
    assert set(missing) <= set(filled.tolist())
    assert not set(filled.tolist()) & set(time[1500:1600].tolist()), "longer than the cap"
    truth = 4 + 0.3 * np.sin(np.arange(2000) / 12)
    error = np.interp(filled, time, truth) - table["temperature_filled"]
    assert np.abs(error).max() < 0.2
    assert (np.abs(error) < 4 * table["temperature_filled_uncertainty"]).all()
    assert table["temperature_fill_method"].attrs["flag_meanings"] == "linear"
    assert "temperature" not in table
    with pytest.raises(QcError, match="judge 'temperature' with"):
        qc.fill(ds, {"temperature": 3600.0})
    with pytest.raises(QcError, match="no filler 'spline'"):
        qc.fill(judged, {"temperature": 3600.0}, method="spline")


def test_an_outcome_can_be_read_back_for_each_test():
    ds = dataset(3000)
    judged = qc.run(ds, PLAN)
    slots = dict(part.split(":") for part in judged["temperature_qc_tests"].attrs["test_slots"].split())
    gross = get(judged["temperature_qc_tests"].values, int(slots["gross_range"]))
    assert (gross[ds["temperature"].values == 99.0] == 3).all()
    assert np.count_nonzero(ds["temperature"].values == 99.0) > 0
