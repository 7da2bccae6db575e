import numpy as np

from tests.ingest.expected_names import Calculated, NotHeld

READER = "fluid_sample_chem_csv"
FORMATS = ("fluid_sample_chem_csv",)
MAIN = "fluid_samples"
PARTICLES = {
    r"flobn_c_upper": "upper_coil",
    r"flobn_c_lower": "lower_coil",
    **{
        f"flobn_m_position_{place}": f"position_{place}"
        for place in ("x1", "x2", "y1", "y2", "z1", "z2", "z3", "z4", "z5")
    },
    **{f"flobn_m_direction_{axis}": f"{axis}_direction_flow" for axis in "xyz"},
    r"flobn_m_ambient": "temperature",
    "": MAIN,
}
_PLACES = tuple(PARTICLES.values())[:-1]
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


def _first_rows(variable, factor=1.0, stream=MAIN):
    # Expectations leave out samples without a value, and stop before the end of the file (43 of 47 rows).
    def values(decoded, count):
        found = decoded.streams[stream][variable].values * factor
        return found[np.isfinite(found)][:count]

    return Calculated(values, variable)


def _at_places(variable, scale=1.0):
    """Quantity of each place of a FLOBN sheet, in the sheet's unit."""
    at = {place: _first_rows(variable, scale, place) for place in _PLACES}
    return {None: NotHeld("in sheets with a column of times for each place only"), **at}


def _records(decoded, expected):
    """Records and their times, up to where the expectation stops: OOI's list what one test asked for."""
    times = np.sort(np.concatenate([stream["time"].values for stream in decoded.streams.values()]))
    wanted = expected["n_records"]
    return min(times.size, wanted), wanted, times[:wanted] if set(decoded.streams) == {MAIN} else times


RECORDS = _records
NAMES = {
    "internal_timestamp": NotHeld("the start of sampling: its first and last are compared as times of the records"),
    **dict.fromkeys(("tracking_id", "sample_time"), _TEXT),
    "volume_pumped": _first_rows("sample_volume"),
    "tracer_concentration": _at_places("tracer_concentration"),
    "tracer_percent": _at_places("tracer_fraction"),
    "flow_rate": _at_places("benthic_flow_rate"),
    "ambient_temperature": _first_rows("temperature", 1.0, "temperature"),
    "barium_concentration_um": _at_places("barium_concentration", _MICROMOLE),
    "sulfur_concentration": _at_places("sulfur_concentration", _MILLIMOLE),
    **dict.fromkeys(("serial_number", "start_time", "stop_time"), _TEXT),
    **dict.fromkeys(("ncbi_sequence_read_archive_url", "fasta_url", "vamps_url"), _TEXT),
    "port_number": _first_rows("sampler_port"),
    "lat": _first_rows("latitude"),
    "lon": _first_rows("longitude"),
    "m_depth": _first_rows("depth", -1.0),
    "temp": _first_rows("fluid_temperature"),
    "acidity": _first_rows("ph_at_25_degree_celsius"),
    "alkalinity": _first_rows("total_alkalinity", _MILLIMOLE),
    **{
        f"{name}_concentration": {
            **_at_places(f"{name}_concentration", scale),
            None: _first_rows(f"{name}_content", scale),
        }
        for name, scale in _SCALES.items()
    },
    "strontium_concentration": _at_places("strontium_concentration", _MICROMOLE),
    "strontium_icpaes_concentration": _first_rows("strontium_content", _MICROMOLE),
    "strontium_icpms_concentration": _first_rows("strontium_content_2", _MICROMOLE),
}
DEVIATIONS: dict[tuple[str, str], str] = {}
NOT_YET: dict[str, str] = {}
