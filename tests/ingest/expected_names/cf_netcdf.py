import numpy as np

from ingest import vocabulary
from ingest.textual.columns import UNMAPPED
from ingest.units import conversion
from tests.ingest.expected_names import Calculated, NotHeld

READER = "cf_netcdf"
FORMATS = ("imos_timeseries_nc", "oceansites_nc")
MAIN = "samples"


def _listed(text):
    """Name of ours, name in the file and unit of each column of an attribute."""
    for place, entry in enumerate(text.split("; ") if text else ()):
        ours, _, theirs = entry.rpartition(" = ")
        name, _, unit = theirs.partition(" [")
        yield place, ours, name, unit.removesuffix("]")


def _as_in_file(name):
    """Values of a variable of the file, from wherever they went, in its own unit."""

    def values(decoded, count):
        samples = decoded.streams[MAIN]
        for _, ours, theirs, unit in _listed(samples.attrs.get("columns", "")):
            if theirs == name:
                factor, offset = conversion(unit, vocabulary.lookup(ours).units)
                return (samples[ours].values - offset) / factor
        for place, _, theirs, _ in _listed(samples.attrs.get(UNMAPPED, "")):
            if theirs == name:
                return samples[UNMAPPED].values[:, place].astype(float)
        if f"{name.lower()}_level" in samples.coords:
            return samples[f"{name.lower()}_level"].values
        return np.array([float(one) for one in str(samples.attrs[f"file_variable_{name.lower()}"]).split("; ")])

    return Calculated(values)


def _flags(name):
    def values(decoded, count):
        samples = decoded.streams[MAIN]
        found = [one for one in samples.data_vars if samples[one].attrs.get("source_variable") == name]
        return samples[found[0]].values.astype(float)

    return Calculated(values)


def _time(decoded, count):
    samples = decoded.streams[MAIN]
    unit, _, epoch = samples.attrs["time_units"].partition(" since ")
    start = np.datetime64(epoch.replace(" ", "T")[:19], "us")
    return (samples["time"].values - start).astype(float) / {"days": 86_400e6, "minutes": 60e6}[unit]


_MEASURED = (
    "CNDC", "CPHL", "DEPTH", "DOX", "DOX1", "DOX2", "DOXS", "FLU2", "PRES", "PRES_REL", "PSAL", "TEMP", "TURB",
)  # fmt: skip
_SCALARS = ("LATITUDE", "LONGITUDE", "NOMINAL_DEPTH", "TIMESERIES", "InstrDepth", "SENSOR_CTD_3216", "instrument_index")
_STATISTICS = [f"{name}_{kind}" for name in _MEASURED for kind in ("min", "max", "std", "count")]
_TEXT = NotHeld("text of each instrument of the product: an attribute")
NAMES = {
    **{name: _as_in_file(name) for name in (*_MEASURED, *_SCALARS)},
    **{name: _as_in_file(name) for name in _STATISTICS},
    **{f"{name}_quality_control": _flags(f"{name}_quality_control") for name in _MEASURED},
    "TIME": Calculated(_time),
    "instrument_id": _TEXT,
    "source_file": _TEXT,
}
_UNSORTED = "the earliest time; the file has instrument after instrument, and the first row is not the earliest"
DEVIATIONS: dict[tuple[str, str], str] = {
    ("IMOS_ANMN-NRS_TZ_20181213_NRSROT_FV01_TEMP-aggregated-timeseries_END-20190523_C-20220607.nc", "time_first"):
        _UNSORTED,
    ("IMOS_ANMN-NRS_TZ_20181213_NRSROT_FV01_TEMP-aggregated-timeseries_END-20190523_C-20220607.nc", "time_last"):
        "a microsecond before 01:50:00, as its days are a float: the expectation cuts off to 01:49:59",
}  # fmt: skip
NOT_YET: dict[str, str] = {}
