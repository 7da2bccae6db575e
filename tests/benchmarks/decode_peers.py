"""How each peer reads a file, and that what it reads is what we read: no speed is compared before the values are."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import xarray as xr
from numpy.typing import NDArray

import ingest
from sample_data.instruments import sbe37
from tests.benchmarks import enlarged, peers
from tests.benchmarks.enlarged import Original

Values = Mapping[str, NDArray[Any]]
Streams = Mapping[str, xr.Dataset]

# A peer reads a small file first, untimed: imports and compilers are not what is compared. `read` and `values` are its
# own; the best of up to three calls counts, fewer where one takes long.
HARNESS = """
import json, sys, warnings
from time import {clock} as clock
import numpy as np
warnings.simplefilter("ignore")
options = json.loads(sys.argv[4])
{script}
large, small, result = sys.argv[1:4]
if not options["once"]:
    read(small)
seconds = []
while not seconds or (not options["once"] and len(seconds) < 3 and sum(seconds) < 6):
    start = clock(); got = read(large); seconds.append(clock() - start)
arrays = values(got)
np.savez(result, **arrays)
print()
print(json.dumps({{"seconds": min(seconds), "records": len(arrays[options["counted"]])}}))
"""

DOLFYN = """
from mhkit import dolfyn
def read(path):
    # A Vector's records are so mixed that the peer guesses their number wrong, and fails where it is not told (TRAPS).
    told = {"nens": options["records"][path]} if options["records"] else {}
    return dolfyn.read(path, userdata=False, **told)
def values(dataset):
    time = dataset["time"].values.astype("datetime64[us]").astype("int64")
    return {"time": time, "velocity": dataset["vel"].values}
"""

PYADPS = """
import pyadps
def read(path):
    return pyadps.read(path)
def values(dataset):
    time = dataset["time"].values.astype("datetime64[us]").astype("int64")
    return {"time": time, "velocity": dataset["velocity"].values}
"""

SEABIRDSCIENTIFIC = """
from seabirdscientific import cal_coefficients, conversion, instrument_data
from seabirdscientific.instrument_data import InstrumentType, Sensors
names = {"pcor": "cpcor", "tcor": "ctcor", "poffset": "offset"}
def coefficients(kind, values):
    return kind(**{names.get(key.lower(), key.lower()): value for key, value in values.items() if key != "PRANGE"})
temperature_coefficients = coefficients(cal_coefficients.TemperatureCoefficients, options["temperature"])
conductivity_coefficients = coefficients(cal_coefficients.ConductivityCoefficients, options["conductivity"])
pressure_coefficients = coefficients(cal_coefficients.PressureCoefficients, options["pressure"])
def read(path):
    sensors = [Sensors.Temperature, Sensors.Conductivity, Sensors.Pressure]
    raw = instrument_data.read_hex_file(path, InstrumentType.SBE37SM, sensors)
    temperature = conversion.convert_temperature(raw["temperature"].values, temperature_coefficients)
    pressure = conversion.convert_pressure(
        raw["pressure"].values, raw["temperature compensation"].values, pressure_coefficients, units="dbar"
    )
    conductivity = conversion.convert_conductivity(
        raw["conductivity"].values, temperature, pressure, conductivity_coefficients, InstrumentType.SBE37SM
    )
    return {"temperature": temperature, "pressure": pressure, "conductivity": conductivity}
def values(arrays):
    return arrays
"""

SEABIRD = """
from seabird.cnv import fCNV
def read(path):
    return fCNV(path)
def values(profile):
    names = {"tv290C": "temperature", "prdM": "pressure", "PSAL": "practical_salinity", "cond0S/m": "conductivity"}
    return {names[key]: np.ma.filled(profile[key], np.nan) for key in profile.keys() if key in names}
"""

SEASENSELIB = """
import logging
from seasenselib.readers import SbeCnvReader
logging.disable(logging.CRITICAL)
def read(path):
    return SbeCnvReader(path).data
def values(dataset):
    names = {"temperature": "temperature", "pressure": "pressure", "salinity": "practical_salinity"}
    # It has made mS/cm of the file's S/m. Its times are not compared: the file has no column of them.
    conductivity = dataset["conductivity"].values / 10
    return {"conductivity": conductivity} | {ours: dataset[theirs].values for theirs, ours in names.items()}
"""

PYRSKTOOLS = """
from pyrsktools import RSK
def read(path):
    with RSK(path) as rsk:
        rsk.readdata()
        return rsk.data
def values(data):
    time = data["timestamp"].astype("datetime64[us]").astype("int64")
    return {"time": time, "absolute_pressure": data["pressure"], "temperature": data["temperature2"]}
"""

EARTH = ("eastward_velocity", "northward_velocity", "upward_velocity", "error_velocity")


def times_of(dataset: xr.Dataset) -> NDArray[np.int64]:
    """Microseconds since 1970."""
    return np.asarray(dataset["time"].values.astype("datetime64[us]").astype(np.int64))


def velocity_of(dataset: xr.Dataset) -> NDArray[np.float32]:
    """Velocities as dolfyn orders them: component or beam, cell where there are some, time."""
    components = [name for name in EARTH if name in dataset]
    if components:
        return np.stack([dataset[name].values.T for name in components])
    beams = ("beam_velocity", "outward_beam_velocity", "instrument_velocity")
    name = next(name for name in beams if name in dataset)
    return np.moveaxis(dataset[name].values, 0, -1).swapaxes(0, -2)


def same_as_dolfyn_pd0(streams: Streams, theirs: Values, dropped: int = 1) -> None:
    """Velocities and times are the peer's; it may drop the last ensemble (TRAPS)."""
    (profile,) = streams.values()
    velocity = profile["beam_velocity"].values.T if "beam_velocity" in profile else velocity_of(profile)
    time, count = times_of(profile), theirs["time"].size
    assert time.size - dropped <= count <= time.size
    np.testing.assert_array_equal(theirs["velocity"], velocity[..., :count])
    # The peer keeps seconds as floats: a microsecond is lost on the way.
    assert np.abs(theirs["time"] - time[:count]).max() <= 2


def same_as_dolfyn_nortek(stream: str) -> Callable[[Streams, Values], None]:
    """Velocities are the peer's. Times are not compared: those of a Vector are the peer's guesses (TRAPS)."""

    def same(streams: Streams, theirs: Values) -> None:
        velocity, wanted = velocity_of(streams[stream]), theirs["velocity"]
        assert 0 <= velocity.shape[-1] - wanted.shape[-1] <= 1, "the peer may drop the last record (TRAPS)"
        np.testing.assert_allclose(velocity[..., : wanted.shape[-1]], wanted, rtol=1e-6, atol=1e-7)

    return same


def same_as_pyadps(streams: Streams, theirs: Values) -> None:
    """Velocities, in mm/s there, and times: all of them."""
    (profile,) = streams.values()
    velocity = np.where(theirs["velocity"] == -32768, np.nan, theirs["velocity"].astype(np.float64) / 1000)
    np.testing.assert_array_equal(velocity.astype(np.float32), velocity_of(profile))
    # The peer keeps whole hundredths of a second, as the format does.
    np.testing.assert_array_equal(theirs["time"], times_of(profile))


def same_values(relative: float = 0.0) -> Callable[[Streams, Values], None]:
    """Every array of the peer is the variable of its name, `time` in microseconds exactly."""

    def same(streams: Streams, theirs: Values) -> None:
        (dataset,) = streams.values()
        assert len(theirs) >= 3
        for name, wanted in theirs.items():
            got = times_of(dataset) if name == "time" else dataset[name].values
            np.testing.assert_allclose(got, wanted, rtol=0 if name == "time" else relative, err_msg=name)

    return same


@dataclass(frozen=True)
class Comparison:
    """A peer on an enlarged file.

    Attributes
    ----------
    original
        What the file is made from.
    peer
        Who reads it.
    script
        Its `read(path)` and `values(read)`.
    same
        `same(our streams, its values)` raises where they differ.
    wanted
        How many times as fast we are to be.
    counted
        Which of its arrays has one value for each record.
    told
        The stream whose number of records it has to be told; empty where it finds out.
    options
        For the script.
    remark
        What else the peer does, or does not, in that time.
    """

    original: Original
    peer: peers.Peer
    script: str
    same: Callable[[Streams, Values], None]
    wanted: float
    counted: str = "time"
    told: str = ""
    options: Mapping[str, Any] = field(default_factory=dict)
    remark: str = ""


SBE37 = {"temperature": sbe37.TEMPERATURE, "conductivity": sbe37.CONDUCTIVITY, "pressure": sbe37.PRESSURE}

COMPARISONS = (
    Comparison(enlarged.AD2CP, peers.DOLFYN, DOLFYN, same_as_dolfyn_nortek("burst"), 50),
    Comparison(enlarged.VECTOR, peers.DOLFYN, DOLFYN, same_as_dolfyn_nortek("velocity_samples"), 50,
               told="velocity_samples",
               remark="dolfyn is told the number of records of a Vector, without which it fails"),
    Comparison(enlarged.AWAC, peers.DOLFYN, DOLFYN, same_as_dolfyn_nortek("profile"), 50),
    Comparison(enlarged.AQUADOPP_HR, peers.DOLFYN, DOLFYN, same_as_dolfyn_nortek("high_resolution_profile"), 50),
    Comparison(enlarged.PD0, peers.DOLFYN, DOLFYN, same_as_dolfyn_pd0, 50),
    Comparison(enlarged.PD0, peers.PYADPS, PYADPS, same_as_pyadps, 50,
               remark="pyadps asks for Python 3.12; its reading is measured on the Python that is here"),
    # The peer rounds the psi of a decibar to six digits.
    Comparison(enlarged.SBE37_HEX, peers.SEABIRDSCIENTIFIC, SEABIRDSCIENTIFIC, same_values(1e-6), 10,
               counted="temperature", options=SBE37, remark="seabirdscientific gives no times"),
    Comparison(enlarged.CNV, peers.SEABIRD, SEABIRD, same_values(1e-12), 10, counted="temperature"),
    Comparison(enlarged.CNV, peers.SEASENSELIB, SEASENSELIB, same_values(1e-12), 10, counted="temperature",
               remark="seasenselib always derives density, sound speed and potential temperature as well"),
    Comparison(enlarged.RSK, peers.PYRSKTOOLS, PYRSKTOOLS, same_values(), 1),
)  # fmt: skip


def check_same(comparison: Comparison, file: Path, result: Path) -> None:
    """Hold the peer's values of a file, as saved, to ours."""
    with np.load(result) as theirs:
        comparison.same(ingest.decode(file).streams, dict(theirs))
