"""Quantities of loggers, exchange files and sheets of samples."""

from ingest.vocabulary import Variable, measured

_LOGGERS = (
    measured("conductivity_cell_temperature", "degree_Celsius", "Temperature inside the conductivity cell", None,
             1e-4, -10.0, 60.0, 1e-2),
)  # fmt: skip

_CURRENTS = (
    measured("current_speed", "m s-1", "Horizontal speed of the water", "sea_water_speed", 1e-4, 0.0, 33.0, 1e-3),
    measured("current_direction", "degree", "Direction to which the water flows", "sea_water_velocity_to_direction",
             1e-3, 0.0, 360.0, 1e-1),
)  # fmt: skip

ROWS: tuple[Variable, ...] = (*_LOGGERS, *_CURRENTS)
