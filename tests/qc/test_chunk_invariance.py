"""Every check of the registry, in parts of any size: the flags are those of the whole record, bit for bit.

30 million samples are judged part by part in `make soak`; 25,000 of them, a million through dask, and chunks of one
sample over 5,000, in `make test`. A new check is covered by lying in its folder.
"""

import sys

import dask
import numpy as np
import pytest
import xarray as xr

import qc
from qc.check import discover
from qc.engine import around, judge, learn, merge, reach
from qc.plan import Plan, Planned
from tests.qc.records import SECOND, fault_across, parts_of_samples, parts_of_time, troubled
from tests.qc.test_contract import inputs_of, params_of, plan_of

SENSOR = [name for name, check in discover().items() if check.kind in ("sensor", "record")]
HOUR, DAY = 3600, 86_400
FEW, MANY, THROUGH_DASK, SINGLE = 25_000, 30_000_000, 1_000_000, 5_000
TILE = 500_000
STEP_SECONDS = 10.0


def random_sizes(length: int, seed: int) -> list[slice]:
    """Parts between one sample and a few months."""
    sizes = np.exp(np.random.default_rng(seed).uniform(0, np.log(2_000_000), 4000)).astype(int) + 1
    return parts_of_samples(length, sizes.tolist())


def record(length: int, parts: list[slice], seed: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """A troubled record with a fault across the edges of the parts: all of them, or 3,000 spread over them."""
    edges = [part.start for part in parts[1:]]
    spread = edges[:: max(1, len(edges) // 3000)]
    if length <= TILE:
        return troubled(length, seed, STEP_SECONDS, spread)
    time, value, phase = troubled(TILE, seed, STEP_SECONDS)
    tiles = -(-length // TILE)
    span = int(time[-1] - time[0]) + int(STEP_SECONDS * SECOND)
    times = (time + np.arange(tiles)[:, None] * span).ravel()[:length]
    values, random = np.tile(value, tiles)[:length], np.random.default_rng(seed)
    for edge in spread:
        fault_across(values, edge, random)
    return times, values, np.tile(phase, tiles)[:length]


def differing(name: str, time: np.ndarray, variables: dict[str, np.ndarray], parts: list[slice]) -> int:
    """How many samples get another word or flag when the record is judged, and learned from, part by part."""
    plan = plan_of(name)
    halo = reach(plan)
    windows = [around(time, part, halo) for part in parts]
    given = []
    for part, window in zip(parts, windows, strict=True):
        near = {key: array[window] for key, array in variables.items()}
        given.append((time[window], near, plan, slice(part.start - window.start, part.stop - window.start)))
    learned = merge([learn(*one) for one in given], plan)
    summaries = merge([learn(time, variables, plan)], plan)
    assert repr(learned) == repr(summaries), f"{name}: the first pass learned something else from the parts"
    whole = judge(time, variables, plan, summaries=summaries)["temperature"]
    count = 0
    for part, one in zip(parts, given, strict=True):
        piece = judge(*one, learned)["temperature"]
        count += int(((piece.tests != whole.tests[part]) | (piece.flags != whole.flags[part])).sum())
    return count


@pytest.mark.parametrize("name", SENSOR)
@pytest.mark.parametrize("size", ["1 hour", "1 day", "7 days", "random"])
@pytest.mark.parametrize("length", [FEW, pytest.param(MANY, marks=pytest.mark.soak)])
def test_parts_change_no_flag(name: str, size: str, length: int):
    seconds = {"1 hour": HOUR, "1 day": DAY, "7 days": 7 * DAY}.get(size)
    seed = sum(map(ord, name + size))
    if seconds is None:
        parts = random_sizes(length, seed)
        time, value, phase = record(length, parts, seed)
    else:
        per_part = int(seconds / STEP_SECONDS)
        time, value, phase = record(length, parts_of_samples(length, [per_part]), seed)
        parts = parts_of_time(time, seconds)
    variables = {"temperature": value, **inputs_of(name, time, phase)}
    assert differing(name, time, variables, parts) == 0


@pytest.mark.parametrize("name", SENSOR)
def test_chunks_of_one_sample_change_no_flag(name: str):
    time, value, phase = troubled(SINGLE, seed=5)
    variables = {"temperature": value, **inputs_of(name, time, phase)}
    assert differing(name, time, variables, parts_of_samples(SINGLE, [1])) == 0


def plan_of_all() -> Plan:
    """Every check of the registry on one variable."""
    checks = discover()
    planned = (Planned(name, checks[name].slot, params_of(name), checks[name].required) for name in SENSOR)
    return Plan({"temperature": tuple(planned)})


def test_a_million_samples_through_dask():
    chunks = [part.stop - part.start for part in random_sizes(THROUGH_DASK, 11)]
    edges = np.cumsum(chunks)[:-1].tolist()
    time, value, phase = troubled(THROUGH_DASK, 12, STEP_SECONDS, edges[:2000])
    variables = {"temperature": value}
    for name in SENSOR:
        variables.update(inputs_of(name, time, phase))
    ds = xr.Dataset(
        {name: ("time", array) for name, array in variables.items()},
        coords={"time": ("time", time.astype("datetime64[us]"))},
    )
    eager = qc.run(ds, plan_of_all())
    lazy = qc.run(ds.chunk(time=tuple(chunks)), plan_of_all())
    with dask.config.set(scheduler="threads", num_workers=2):
        computed = lazy[["temperature_qc", "temperature_qc_tests"]].compute()
    for name in ("temperature_qc", "temperature_qc_tests"):
        assert (computed[name].values == eager[name].values).all()
    kinds = np.unique(eager["temperature_qc"].values).tolist()
    sys.stdout.write(f"flags seen: {kinds}\n")
    assert {3, 4, 9} <= set(kinds)
