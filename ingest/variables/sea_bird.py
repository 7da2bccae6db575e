"""Raw quantities of Sea-Bird instruments."""

from ingest.vocabulary import counted, measured

ROWS = (
    counted("temperature_counts", "Temperature, raw counts without a calibration"),
    counted("pressure_counts", "Pressure, raw counts without a calibration"),
    counted("pressure_temperature_counts", "Temperature inside the pressure sensor, raw counts without a calibration"),
    measured("conductivity_frequency", "Hz", "Frequency of the conductivity cell, without a calibration", None,
             1e-3, 0.0, 100_000.0, 1e-2),
    counted("unnamed_sample_bytes", "Bytes of a sample whose fields nothing names, in order", "uint8"),
    counted("inductive_id", "Number of the instrument on the inductive wire"),
    counted("instrument_clock_error", "Instrument's own clock against that of the mooring's controller", "int32", "s"),
    counted("optical_counts_0", "Optical sensor on a CTD, first channel, raw counts"),
    counted("optical_counts_1", "Optical sensor on a CTD, second channel, raw counts"),
    counted("optical_counts_2", "Optical sensor on a CTD, third channel, raw counts"),
    counted("ph_counter_voltage_counts", "Voltage of the pH sensor's counter electrode, raw counts"),
    counted("ph_substrate_current_counts", "Leakage current of the pH sensor's substrate, raw counts"),
    counted("ph_counter_current_counts", "Leakage current of the pH sensor's counter electrode, raw counts"),
)  # fmt: skip
