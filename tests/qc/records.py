"""Records with every kind of trouble, and the parts in which they are judged."""

from itertools import pairwise

import numpy as np

from qc.check import VariableTraits

TRAITS = VariableTraits(sampling_seconds=10.0, valid_min=-2.5, valid_max=40.0, resolution=1e-3, response_seconds=5.0)
SECOND = 1_000_000


def regular(n, step_seconds=10.0, start=1_475_000_000):
    """Times in int64 microseconds."""
    return start * SECOND + np.round(np.arange(n) * step_seconds * SECOND).astype(np.int64)


def sea(n, seed=0, noise=0.004, period=500.0):
    """A quiet series: a tide and white noise."""
    rng = np.random.default_rng(seed)
    return 4.0 + 0.3 * np.sin(2 * np.pi * np.arange(n) / period) + rng.normal(0, noise, n)


def troubled(n=6000, seed=0, step_seconds=10.0, edges=()):
    """A record with jitter, duplicates in time, gaps, NaN, infinities, spikes, stuck runs, steps; also on `edges`."""
    rng = np.random.default_rng(seed)
    time = regular(n, step_seconds) + rng.integers(-2000, 2000, n)
    value = sea(n, seed)
    for at in rng.integers(0, n, n // 800):
        time[at:] += int(rng.integers(20, 400_000) * SECOND)  # gaps of 20 s to 4 days
    time = np.sort(time)
    for at in rng.integers(1, n, n // 300):
        time[at] = time[at - 1]
    for at in rng.integers(0, n, n // 150):
        value[at : at + int(rng.integers(1, 4))] += rng.choice([-1, 1]) * rng.uniform(0.05, 1)
    for at in rng.integers(0, n, n // 600):
        value[at : at + int(rng.integers(5, 400))] = value[at]
    for at in rng.integers(0, n, n // 1000):
        value[at:] += rng.uniform(-0.2, 0.2)
    for at in rng.integers(0, n, n // 60):
        value[at] = rng.choice([np.nan, np.nan, np.nan, np.inf, -np.inf, 99.0])
    for edge in edges:
        fault_across(value, edge, rng)
    phase = np.repeat(np.array([1, 2, 3, 4, 5, 0], np.int8), [n // 20, n // 50, n, n, n, n])[:n]
    return time, value, phase


def fault_across(value, edge, rng):
    kind = rng.integers(0, 3)
    if kind == 0:
        value[max(0, edge - 1) : edge + 2] += 0.5
    elif kind == 1:
        value[max(0, edge - 100) : edge + 90] = 4.0
    else:
        value[max(0, edge - 2) : edge + 1] = np.nan


def parts_of_samples(n, sizes):
    """Slices that cover n samples with the given sizes in turn."""
    parts, start, i = [], 0, 0
    while start < n:
        parts.append(slice(start, min(n, start + int(sizes[i % len(sizes)]))))
        start, i = parts[-1].stop, i + 1
    return parts


def parts_of_time(time, seconds):
    """Slices of whole periods since 1970, as the months of a store."""
    cell = time // int(seconds * SECOND)
    edges = [0, *(np.flatnonzero(np.diff(cell)) + 1).tolist(), time.size]
    return [slice(a, b) for a, b in pairwise(edges)]
