"""Deployments that are simulated once for all tests of a process."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest
import xarray as xr
from numpy.typing import NDArray

import ingest
from sample_data import Simulated, Truth, read_truth, simulate
from sample_data.scenario import INSTRUMENTS, parse_scenario


@dataclass(frozen=True)
class Deployment:
    """A simulated deployment with its truth."""

    simulated: Simulated
    truth: Truth

    def decoded(self, instrument: str, variable: str) -> NDArray[np.float64]:
        """Decoded values of all files, in the order of `rows`."""
        return np.concatenate([one[variable].values for one in self.samples(instrument)])

    def clock(self, instrument: str) -> NDArray[np.int64]:
        times = [one["time"].values for one in self.samples(instrument)]
        return np.concatenate(times).astype("datetime64[us]").astype(np.int64)

    def samples(self, instrument: str) -> list[xr.Dataset]:
        """Decoded files, with the calibration that the deployment file gives."""
        calibration = self.truth.summary["instruments"][instrument]["calibration"]
        return [_samples(path, calibration) for path in self.simulated.files[instrument]]

    def rows(self, instrument: str) -> NDArray[np.int64]:
        """Rows of the truth that are whole in the files, file by file."""
        columns = self.truth.columns[instrument]
        order = np.argsort(columns["file"], kind="stable")
        return order[columns["status"][order] == 0]

    def column(self, instrument: str, name: str) -> NDArray:
        return np.asarray(self.truth.columns[instrument][name])[self.rows(instrument)]

    def fault(self, number: int) -> dict:
        return self.truth.summary["faults"][number - 1]


def _samples(path: Path, calibration: ingest.Calibration | None) -> xr.Dataset:
    streams = ingest.decode(path, calibration=calibration).streams
    assert len(streams) == 1
    return next(iter(streams.values()))


Simulate = Callable[..., Deployment]


@pytest.fixture(scope="session")
def make(tmp_path_factory: pytest.TempPathFactory) -> Simulate:
    """Simulate a scenario given as the keys of its YAML."""

    def run(*, seed: int = 0, **keys: object) -> Deployment:
        scenario = parse_scenario({"name": "test", "days": 2, "period": 60, **keys})
        simulated = simulate(tmp_path_factory.mktemp("deployment"), scenario, seed)
        return Deployment(simulated, read_truth(simulated.root))

    return run


@pytest.fixture(scope="session")
def clean(make: Simulate) -> Deployment:
    return make(days=3, period=30, clean=True, seed=5, instruments=list(INSTRUMENTS))
