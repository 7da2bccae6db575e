"""Quality control beside ioos_qc and beside one pass of `np.min`, on one core."""

import json
import os
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor

import pytest

from tests.benchmarks.peers import Peer, PeerMissingError, interpreter, run

pytestmark = pytest.mark.bench

IOOS_QC = Peer("ioos_qc", "ioos_qc==3.0.0")
SAMPLES = 30_000_000
LARGEST_SHARE = 1 / 8
MOST_EXTRA_BYTES = 100e6
LEAST_OF_SPEED_UP = 0.9

SERIES = """
import sys
from time import perf_counter, process_time
import numpy as np
n = int(sys.argv[1])
time = np.arange(1_473_292_800_000_000, 1_473_292_800_000_000 + n * 1_000_000, 1_000_000, dtype=np.int64)
value, random = np.empty(n), np.random.default_rng(0)
for start in range(0, n, 1 << 20):  # in pieces: a peak of memory here would hide what the checks need
    part = value[start : start + (1 << 20)]
    part[:] = random.normal(4, 0.01, part.size) + 0.3 * np.sin((start + np.arange(part.size)) * (2 * np.pi / 44714))
"""

OURS = (
    SERIES
    + """
import json
from qc.check import VariableTraits, discover
from qc.engine import judge
from qc.plan import Plan
asked = {
    "gross_range": {"fail_min": -2.0, "fail_max": 40.0, "suspect_min": 0.0, "suspect_max": 30.0},
    "rate_of_change": {"largest_gap": 5.0, "suspect": 0.05, "fail": 0.5},
    "spike": {"suspect": 0.05, "fail": 0.5},
    "flat_line": {"suspect_seconds": 300.0, "fail_seconds": 900.0, "tolerance": 1e-6},
}
traits = VariableTraits(sampling_seconds=1.0)
planned = Plan.build({"x": asked}, {"x": traits}).for_variable("x")
plan = Plan({"x": tuple(one for one in planned if one.check in asked)})
assert len(plan.for_variable("x")) == 4
judge(time[:100_000], {"x": value[:100_000]}, plan)  # compiles
value.min()
began = process_time(); value.min(); once = process_time() - began
def peak():
    with open("/proc/self/status") as status:
        return next(int(line.split()[1]) for line in status if line.startswith("VmHWM:"))
with open("/proc/self/clear_refs", "w") as reset:
    reset.write("5")  # the peak counts from here: building the series took more than judging it
held = peak()
began = process_time(); judged = judge(time, {"x": value}, plan)["x"]; taken = process_time() - began
extra = (peak() - held) * 1024 - judged.tests.nbytes - judged.flags.nbytes
print(json.dumps({"cpu": taken, "min": once, "extra": extra, "good": float((judged.flags == 1).mean())}))
"""
)

THEIRS = (
    SERIES
    + """
import json, warnings
warnings.simplefilter("ignore")
from ioos_qc import qartod
stamps = time.astype("datetime64[us]").astype("datetime64[ns]")
began = process_time()
qartod.gross_range_test(value, (-2, 40), (0, 30))
qartod.spike_test(value, 0.05, 0.5)
qartod.rate_of_change_test(value, stamps, 0.05, 0.5)
print(json.dumps({"cpu": process_time() - began}))
"""
)

# Waits for a line on its input, so that two copies begin at once; then repeats the same work.
REPEATED = (
    SERIES
    + """
import json, os
os.sched_setaffinity(0, {int(sys.argv[3])})
from qc.check import VariableTraits
from qc.engine import judge
from qc.plan import Plan
plan = Plan.build({}, {"x": VariableTraits(sampling_seconds=1.0, valid_min=-2.0, valid_max=40.0)})
def write():
    words, flags = np.zeros(n, np.uint64), np.zeros(n, np.int8)
    words += 1
    flags += 1
def work():
    judge(time, {"x": value}, plan)
one = work if sys.argv[2] == "judge" else write
one()
print("ready", flush=True)
sys.stdin.readline()
began = perf_counter()
for _ in range(int(sys.argv[4])):
    one()
print(json.dumps({"wall": perf_counter() - began}), flush=True)
"""
)


def _say(figures):
    sys.stderr.write(f"\nqc: {figures}\n")


@pytest.fixture(scope="module")
def ours():
    return run(sys.executable, OURS, str(SAMPLES), cores=1)


def test_cpu_time_beside_ioos_qc_and_np_min(ours):
    _say(f"{ours['cpu']:.2f} s for {SAMPLES / 1e6:.0f} M samples, {ours['cpu'] / ours['min']:.0f} x np.min")
    assert ours["good"] > 0.99
    try:
        theirs = run(interpreter(IOOS_QC), THEIRS, str(SAMPLES), cores=1)
    except PeerMissingError as missing:
        pytest.skip(str(missing))
    _say(f"ioos_qc, three of them: {theirs['cpu']:.2f} s, {theirs['cpu'] / ours['cpu']:.1f} x ours")
    assert ours["cpu"] <= LARGEST_SHARE * theirs["cpu"]


def test_extra_memory(ours):
    _say(f"{ours['extra'] / 1e6:.0f} MB beyond the flags")
    assert ours["extra"] <= MOST_EXTRA_BYTES


def test_two_processes_are_as_much_faster_as_two_that_only_write():

    cores = sorted(os.sched_getaffinity(0))
    if len(cores) < 2:
        pytest.skip("one core: no two processes at once")
    best = max(_speed_up("judge", cores, 2) / _speed_up("write", cores, 20) for _ in range(3))
    _say(f"{best:.2f} of the speed-up of plain writing with two processes")
    assert best >= LEAST_OF_SPEED_UP


def _speed_up(work, cores, times):
    alone = _together(work, cores[:1], times)
    return 2 * alone / _together(work, cores[:2], times)


def _together(work, cores, times):
    """Longest wall time of copies that begin at once, one a core."""
    command = [sys.executable, "-c", REPEATED, "4000000", work]
    copies = [
        subprocess.Popen(
            [*command, str(core), str(times)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )
        for core in cores
    ]
    try:
        assert [copy.stdout.readline().strip() for copy in copies] == ["ready"] * len(copies)
        with ThreadPoolExecutor(len(copies)) as pool:
            said = list(pool.map(lambda copy: copy.communicate("go\n")[0], copies))
    finally:
        for copy in copies:
            copy.kill()
            copy.wait()

    return max(json.loads(one)["wall"] for one in said)
