"""Quantities of chemical and optical sensors."""

from ingest.vocabulary import Variable, counted, measured

_SCATTERING_WAVELENGTHS = (412, 440, 470, 488, 510, 532, 595, 650, 660, 676, 700, 715, 880)

_CLOCKS = (
    counted("logger_clock_offset", "Logger's stamp of the record minus the instrument's own clock", "int64", "us"),
    counted("instrument_clock_offset", "Instrument's own clock minus the logger's stamp of the record", "int64", "us"),
)

_ECO = (
    counted("chlorophyll_counts", "Chlorophyll fluorescence, raw counts"),
    counted("cdom_counts", "Fluorescence of coloured dissolved organic matter, raw counts"),
    counted("phycoerythrin_counts", "Phycoerythrin fluorescence, raw counts"),
    counted("thermistor_counts", "Thermistor inside the instrument, raw counts"),
    measured("cdom_concentration", "1e-9", "Coloured dissolved organic matter, as quinine sulfate", None,
             1e-4, -10.0, 5000.0, 1e-2),
    measured("phycoerythrin_concentration", "1e-9", "Phycoerythrin", None, 1e-4, -10.0, 5000.0, 1e-2),
    *(counted(f"backscatter_{nm}nm_counts", f"Light scattered back at {nm} nm, raw counts")
      for nm in _SCATTERING_WAVELENGTHS),
    *(measured(f"backscatter_{nm}nm", "m-1 sr-1", f"Volume scattering function at {nm} nm, at the sensor's angle",
               "volume_scattering_function_of_radiative_flux_in_sea_water", 1e-9, -0.01, 2.0, 1e-7)
      for nm in _SCATTERING_WAVELENGTHS),
)  # fmt: skip

ROWS: tuple[Variable, ...] = (*_CLOCKS, *_ECO)
