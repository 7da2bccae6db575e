"""Quantities of loggers, exchange files and sheets of samples."""

from ingest.vocabulary import Variable, counted, measured

_LOGGERS = (
    measured("conductivity_cell_temperature", "degree_Celsius", "Temperature inside the conductivity cell", None,
             1e-4, -10.0, 60.0, 1e-2),
)  # fmt: skip

_CURRENTS = (
    measured("current_speed", "m s-1", "Horizontal speed of the water", "sea_water_speed", 1e-4, 0.0, 33.0, 1e-3),
    measured("current_direction", "degree", "Direction to which the water flows", "sea_water_velocity_to_direction",
             1e-3, 0.0, 360.0, 1e-1),
)  # fmt: skip

_MAJOR = ("chloride", "sulfate", "sodium", "potassium", "magnesium", "calcium", "silicon", "ammonia", "methane",
          "carbon_dioxide", "dissolved_inorganic_carbon", "hydrogen_sulfide")  # fmt: skip
_TRACE = ("bromide", "iron", "manganese", "lithium", "strontium", "boron", "rubidium", "cesium", "barium", "cobalt",
          "nickel", "copper", "zinc", "molybdenum", "silver", "cadmium", "titanium", "aluminum", "lead", "vanadium",
          "uranium", "yttrium", "gadolinium")  # fmt: skip
_PER_VOLUME = ("boron", "barium", "calcium", "potassium", "lithium", "magnesium", "sodium", "sulfur", "strontium",
               "sulfate", "chloride")  # fmt: skip

_SAMPLES = (
    *(measured(f"{name}_content", "umol kg-1", f"{name.replace('_', ' ').capitalize()} per mass of fluid", None,
               1e-2, -1e4, 2e6, 1e-1) for name in _MAJOR),
    *(measured(f"{name}_content", "umol kg-1", f"{name.capitalize()} per mass of fluid", None,
               1e-5, -100.0, 20000.0, 1e-4) for name in _TRACE),
    *(measured(f"{name}_concentration", "umol L-1", f"{name.capitalize()} per volume of fluid", None,
               1e-3, -1e4, 2e6, 1e-2) for name in _PER_VOLUME),
    measured("tracer_concentration", "kg m-3", "Tracer per volume of fluid", None, 1e-5, -10.0, 2e4, 1e-4),
    measured("tracer_fraction", "percent", "Tracer in a sample, share of what was let in", None,
             1e-3, -10.0, 200.0, 1e-2),
    measured("benthic_flow_rate", "cm year-1", "Flow of fluid through the seafloor", None, 1e-4, -1e5, 1e5, 1e-3),
    measured("strontium_content_2", "umol kg-1", "Strontium per mass of fluid, second method", None,
             1e-5, -100.0, 20000.0, 1e-4),
    measured("total_alkalinity", "umol kg-1", "Total alkalinity per mass of fluid", None, 1e-2, -1e5, 1e6, 1e-1),
    measured("fluid_temperature", "degree_Celsius", "Temperature of the sampled fluid", None, 1e-3, -3.0, 500.0, 1e-1),
    measured("ph_at_25_degree_celsius", "1", "pH of the sample measured at 25 degree Celsius", None,
             1e-4, 0.0, 14.0, 1e-2),
    measured("sampling_pressure", "dbar", "Pressure at which a sample was closed", None, 1e-4, 0.0, 12012.0, 2e-3),
    measured("opening_pressure", "dbar", "Pressure in a sampler when it was opened", None, 1e-4, 0.0, 12012.0, 2e-3),
    measured("sample_volume", "mL", "Volume of a fluid sample", None, 1e-3, 0.0, 1e5, 1e-1),
    measured("extracted_gas_volume", "mL", "Volume of the gas that a sample gave off", None, 1e-3, 0.0, 1e5, 1e-1),
    measured("sampling_duration", "s", "Time that sampling took", None, 1e-2, 0.0, 1e7, 1.0),
    counted("sampler_port", "Number of the sampler's port or bottle"),
    counted("sample_kind", "Whether a row is a sample (0), a blank (1) or a standard (2)", "uint8"),
)  # fmt: skip

ROWS: tuple[Variable, ...] = (*_LOGGERS, *_CURRENTS, *_SAMPLES)
