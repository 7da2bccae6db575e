"""Sea-Bird SBE 26plus: coefficients of its header, and the equations from raw numbers to engineering units.

References
----------
Sea-Bird Scientific, SBE 26plus manual: data format of the .hex file and calibration sheet of the quartz sensor.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ingest import pages
from ingest.calibration.sea_bird import DECIBAR_PER_PSI, Coefficients, finite

Values = NDArray[np.float64]


@dataclass(frozen=True)
class QuartzCoefficients(Coefficients):
    """Quartz pressure sensor: psia, offset in psi; `m` and `b` scale the numbers of tides."""

    u0: float
    c1: float
    c2: float
    c3: float
    d1: float
    d2: float
    t1: float
    t2: float
    t3: float
    t4: float
    m: float
    b: float
    offset: float


@dataclass(frozen=True)
class RecorderHeader:
    """What the header says: serial number, coefficients, tides and bursts recorded, samples of a burst and their step.

    None or empty where it says nothing.
    """

    serial_number: str | None
    coefficients: Mapping[str, str]
    tides: int | None
    bursts: int | None
    burst_samples: int | None
    sample_interval: float | None


_WAVES = re.compile(r"^(\d+) wave samples/burst at ([\d.]+) scans/sec", re.MULTILINE)


def parse_recorder_header(header: bytes) -> RecorderHeader:
    """Read the lines before the data; damage costs what it hits and raises nothing."""
    text = re.sub(r"^\*+", "", header.decode("latin-1").replace("\r", ""), flags=re.MULTILINE)
    pressure = re.search(r"^Pressure coefficients:.*\n((?:\s+\w+ = .*\n?)*)", text, re.MULTILINE)
    serial = re.search(r"^SBE 26plus\S* V \S+\s+SN (\d+)", text, re.MULTILINE)
    waves = _WAVES.search(text)
    rate = float(waves[2]) if waves and re.fullmatch(r"\d+(\.\d+)?", waves[2]) else 0.0
    return RecorderHeader(
        serial_number=serial[1] if serial else None,
        coefficients=dict(re.findall(r"^\s+(\w+) = (\S+)", pressure[1], re.MULTILINE)) if pressure else {},
        tides=_whole(text, "total recorded tide measurements"),
        bursts=_whole(text, "total recorded wave bursts"),
        burst_samples=int(waves[1]) if waves and len(waves[1]) < 7 else None,
        sample_interval=1.0 / rate if rate > 0 else None,
    )


def _whole(text: str, name: str) -> int | None:
    match = re.search(rf"^{name} = (\d{{1,9}})\s*$", text, re.MULTILINE)
    return int(match[1]) if match else None


def tide_pressure(number: ArrayLike, coefficients: QuartzCoefficients) -> Values:
    """Psia, mean of a tide: (n - b) / m, shape (n,)."""
    with np.errstate(all="ignore"):
        return finite((np.asarray(number, dtype=np.float64) - coefficients.b) / coefficients.m)


def tide_temperature(number: ArrayLike) -> Values:
    """Degrees Celsius of a tide: n / 1000 - 10, shape (n,)."""
    return np.asarray(number, dtype=np.float64) / 1000.0 - 10.0


def wave_pressure(
    samples: NDArray[np.int32],
    counts: NDArray[np.int64],
    temperature_frequency: Values,
    coefficients: QuartzCoefficients,
    most: int,
) -> Values:
    """Decibars of the samples of bursts, air included, shape (n, most); NaN where a burst has no further sample.

    Parameters
    ----------
    samples : ndarray of int32, shape (n, k)
        Of the pressure crystal, in 1/256 Hz; k is at most `most`.
    counts : ndarray of int64, shape (n,)
        Samples that each burst has.
    temperature_frequency : ndarray of float64, shape (n,)
        Hertz, of the temperature crystal, once a burst.
    coefficients
        Of the calibration sheet.
    most
        Samples of a burst by the header. Where it promises many, most bursts of real files have few of them.

    References
    ----------
    u = 1e6 / f_t - u0; C = c1 + c2 u + c3 u^2; D = d1 + d2 u; T0 = t1 + t2 u + t3 u^2 + t4 u^3 in microseconds;
    W = 1 - (T0 f / 1e6)^2; psia = C W (1 - D W) + offset.
    """
    from ingest.sea_bird.recorder_kernels import burst_pressures

    c = coefficients
    with np.errstate(all="ignore"):
        u = 1e6 / temperature_frequency - c.u0
        period = c.t1 + u * (c.t2 + u * (c.t3 + u * c.t4))
        terms = np.stack((period, c.c1 + u * (c.c2 + u * c.c3), c.d1 + u * c.d2))
    pressure: Values = pages.empty((counts.size, most), np.float64)
    burst_pressures(samples, counts, terms, c.offset, DECIBAR_PER_PSI, pressure)
    return pressure
