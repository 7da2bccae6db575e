"""Quantities of loggers, exchange files and sheets of samples."""

from ingest.vocabulary import Variable, counted, measured

_LOGGERS = (
    measured("conductivity_cell_temperature", "degree_Celsius", "Temperature inside the conductivity cell", None,
             1e-4, -10.0, 60.0, 1e-2),
)  # fmt: skip

ROWS: tuple[Variable, ...] = (*_LOGGERS,)
__all__ = ["ROWS", "counted"]
