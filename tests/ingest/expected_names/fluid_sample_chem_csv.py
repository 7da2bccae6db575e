import numpy as np

from tests.ingest.expected_names import Calculated, Clock, NotHeld

READER = "fluid_sample_chem_csv"
FORMATS = ("fluid_sample_chem_csv",)
MAIN = "fluid_samples"
PARTICLES = {"": MAIN}
_TEXT = NotHeld("text")
_MILLIMOLE, _MICROMOLE, _NANOMOLE = 1e-3, 1.0, 1e3
_SCALES = {
    **dict.fromkeys(
        ("hydrogen_sulfide", "silicon", "ammonia", "chloride", "sulfate", "sodium", "potassium", "magnesium",
         "calcium"),
        _MILLIMOLE,
    ),
    **dict.fromkeys(("bromide", "iron", "manganese", "lithium", "boron", "rubidium"), _MICROMOLE),
    **dict.fromkeys(
        ("cesium", "barium", "cobalt", "nickel", "copper", "zinc", "molybdenum", "silver", "cadmium", "titanium",
         "aluminum", "lead", "vanadium", "uranium", "yttrium", "gadolinium"),
        _NANOMOLE,
    ),
}  # fmt: skip
# The expectation stops after 43 samples, of which it leaves out those without a value; the file has 47.
_EXPECTED_ROWS = 43


def _first_rows(variable, factor=1.0):
    def values(decoded, count):
        found = decoded.streams[MAIN][variable].values[:_EXPECTED_ROWS] * factor
        return found[np.isfinite(found)]

    return Calculated(values, variable)


NAMES = {
    "internal_timestamp": Clock(MAIN),
    **dict.fromkeys(("serial_number", "start_time", "stop_time"), _TEXT),
    **dict.fromkeys(("ncbi_sequence_read_archive_url", "fasta_url", "vamps_url"), _TEXT),
    "port_number": _first_rows("sampler_port"),
    "lat": _first_rows("latitude"),
    "lon": _first_rows("longitude"),
    "m_depth": _first_rows("depth", -1.0),
    "temp": _first_rows("fluid_temperature"),
    "acidity": _first_rows("ph_at_25_degree_celsius"),
    "alkalinity": _first_rows("total_alkalinity", _MILLIMOLE),
    **{f"{name}_concentration": _first_rows(f"{name}_content", scale) for name, scale in _SCALES.items()},
    "strontium_icpaes_concentration": _first_rows("strontium_content", _MICROMOLE),
    "strontium_icpms_concentration": _first_rows("strontium_content_2", _MICROMOLE),
}
_SHORT = "the expectation stops after 43 of the file's 47 samples"
DEVIATIONS: dict[tuple[str, str], str] = {
    ("rasfl_chemdata_example.csv", name): _SHORT for name in ("n_records", "internal_timestamp", "time_last")
}
NOT_YET: dict[str, str] = {}
