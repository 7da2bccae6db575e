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

_LISST = (
    measured("volume_concentration", "1e-6", "Volume of particles of each size class per volume of water", None,
             1e-4, -1000.0, 100000.0, 1e-2),
    measured("total_volume_concentration", "1e-6", "Volume of all particles per volume of water", None,
             1e-4, -1000.0, 100000.0, 1e-2),
    measured("mean_particle_diameter", "um", "Mean diameter of the particles, weighted by volume", None,
             1e-3, 0.0, 1000.0, 1e-1),
    measured("laser_transmission", "mW", "Laser power behind the sample", None, 1e-5, -1.0, 100.0, 1e-3),
    measured("laser_reference", "mW", "Laser power before the sample", None, 1e-5, -1.0, 100.0, 1e-3),
    measured("optical_transmission", "1", "Share of light that passes the sample, as the instrument computes it", None,
             1e-4, 0.0, 2.0, 1e-2),
    measured("supply_voltage", "V", "Voltage of the instrument's supply", None, 1e-3, 0.0, 100.0, 1e-1),
    measured("auxiliary_temperature", "degree_Celsius", "Temperature by an auxiliary sensor of the instrument",
             "sea_water_temperature", 1e-4, -10.0, 60.0, 1e-2),
    Variable("unnamed_value", "1", "Value that the maker's manual at hand does not name", dtype="float32"),
    counted("acceleration_x_counts", "Accelerometer along the instrument's x axis, raw counts"),
    counted("acceleration_y_counts", "Accelerometer along the instrument's y axis, raw counts"),
    counted("acceleration_z_counts", "Accelerometer along the instrument's z axis, raw counts"),
    counted("raw_pressure_high_counts", "Pressure, raw counts, high word"),
    counted("raw_pressure_low_counts", "Pressure, raw counts, low word"),
    counted("ambient_light_counts", "Ambient light, raw counts"),
)  # fmt: skip

_CARBON_DIOXIDE = (
    measured("carbon_dioxide_mole_fraction", "1e-6", "Mole fraction of carbon dioxide in the gas of the cell", None,
             1e-4, 0.0, 100000.0, 1e-2),
    measured("detector_block_temperature", "degree_Celsius", "Temperature of the infrared detector's block", None,
             1e-3, -10.0, 80.0, 1e-1),
    measured("cell_water_vapour_pressure", "mbar", "Pressure of water vapour in the cell", None,
             1e-4, 0.0, 200.0, 1e-2),
    measured("humidity_sensor_temperature", "degree_Celsius", "Temperature of the humidity sensor", None,
             1e-3, -10.0, 80.0, 1e-1),
    measured("gas_stream_pressure", "mbar", "Pressure of the gas in the cell", None, 1e-2, 0.0, 20000.0, 1.0),
    measured("detector_temperature", "degree_Celsius", "Temperature of the infrared detector", None,
             1e-3, -10.0, 80.0, 1e-1),
    measured("source_temperature", "degree_Celsius", "Temperature of the infrared source", None,
             1e-3, -10.0, 80.0, 1e-1),
    counted("zero_counts", "Detector with carbon dioxide removed, raw counts"),
    counted("current_counts", "Detector, raw counts"),
)  # fmt: skip

_NITRATE = (
    measured("nitrate_concentration", "umol L-1", "Dissolved nitrate, as the instrument fits it",
             "mole_concentration_of_nitrate_in_sea_water", 1e-3, -10.0, 3000.0, 1e-2),
    measured("nitrogen_in_nitrate", "mg L-1", "Nitrogen in dissolved nitrate, as the instrument fits it", None,
             1e-5, -1.0, 100.0, 1e-4),
    measured("absorbance_254nm", "1", "Absorbance of the water at 254 nm", None, 1e-5, -1.0, 10.0, 1e-4),
    measured("absorbance_350nm", "1", "Absorbance of the water at 350 nm", None, 1e-5, -1.0, 10.0, 1e-4),
    measured("bromide_trace", "mg L-1", "Bromide trace, as the instrument fits it", None, 1e-3, -10.0, 10000.0, 1e-2),
    counted("dark_value_for_fit", "Dark value that the fit took, counts"),
    counted("spectrum_average", "Average of the spectral channels, counts"),
    counted("integration_time_factor", "Factor of the spectrometer's integration time"),
    counted("spectrum", "Spectral channels, raw counts"),
    measured("fit_auxiliary_1", "1", "Further result 1 of the instrument's fit", None, 1e-3, -1e5, 1e5, 1e-2),
    measured("fit_auxiliary_2", "1", "Further result 2 of the instrument's fit", None, 1e-3, -1e5, 1e5, 1e-2),
    measured("fit_baseline_1", "1", "Constant of the fit's baseline", None, 1e-5, -1000.0, 1000.0, 1e-4),
    measured("fit_baseline_2", "1", "Slope of the fit's baseline, as reported", None, 1e-7, -100.0, 100.0, 1e-6),
    measured("fit_root_mean_square_error", "1", "Root mean square of what the fit leaves of the absorbance", None,
             1e-7, 0.0, 100.0, 1e-6),
    measured("spectrometer_temperature", "degree_Celsius", "Temperature of the spectrometer", None,
             1e-3, -20.0, 80.0, 1e-1),
    measured("lamp_temperature", "degree_Celsius", "Temperature of the lamp", None, 1e-3, -20.0, 80.0, 1e-1),
    counted("lamp_time", "Time that the lamp has burnt", units="s"),
    measured("lamp_voltage", "V", "Voltage of the lamp", None, 1e-3, 0.0, 100.0, 1e-1),
    measured("internal_voltage", "V", "Voltage of the electronics", None, 1e-3, 0.0, 100.0, 1e-1),
    measured("supply_current", "mA", "Current from the instrument's supply", None, 1e-2, 0.0, 10000.0, 1.0),
    measured("ctd_salinity", "1", "Practical salinity that a connected CTD sent", "sea_water_practical_salinity",
             1e-4, 0.0, 42.0, 1e-3),
    measured("ctd_temperature", "degree_Celsius", "Temperature that a connected CTD sent", "sea_water_temperature",
             1e-4, -2.5, 40.0, 1e-3),
    measured("ctd_pressure", "dbar", "Sea pressure that a connected CTD sent", "sea_water_pressure_due_to_sea_water",
             1e-3, -5.0, 12000.0, 1e-2),
)  # fmt: skip

_SAMI = (
    counted("record_type", "Type of the record, as the instrument numbers them"),
    counted("unit_identity", "Identity byte of the unit in a telemetered record"),
    counted("ph_light_counts", "Light through the sample: reference and light at 434 nm, then at 578 nm"),
    counted("ph_reference_light_counts", "Light through the blank: reference and light at 434 nm, then at 578 nm"),
    counted("co2_light_counts", "Light measurements for pCO2; the 7th and 8th are the ratios at 434 and 620 nm"),
    counted("thermistor_start_counts", "Thermistor at the start of a measurement, raw counts"),
    counted("thermistor_end_counts", "Thermistor at the end of a measurement, raw counts"),
    measured("battery_counts", "1", "Battery, raw counts", None, 1e-1, 0.0, 1e8, 1.0),
    counted("control_flags", "State of the instrument, bit by bit"),
    counted("data_records", "Data records stored so far", "int64"),
    counted("error_records", "Error records stored so far", "int64"),
    counted("bytes_stored", "Bytes stored so far", "int64"),
    measured("sample_temperature", "degree_Celsius", "Temperature of the water sample inside the instrument", None,
             1e-4, -5.0, 60.0, 1e-2),
    measured("ph_at_salinity_35", "1", "Sea water pH, total scale, as it would be at practical salinity 35", None,
             1e-5, 2.0, 12.0, 1e-3),
    measured("ph_total", "1", "Sea water pH, total scale", "sea_water_ph_reported_on_total_scale",
             1e-5, 2.0, 12.0, 1e-3),
)  # fmt: skip

_SPECTRA = (
    Variable("spectral_intensity", "1", "Intensity of the spectrum, as the instrument scales it", dtype="float32"),
    Variable("subfile_z", "1", "Third axis of a series of spectra: time, depth of focus or number", dtype="float32"),
    Variable("raman_shift_of_point", "cm-1", "Raman shift of a point of its own spectrum", dtype="float32"),
    Variable("wavenumber_of_point", "cm-1", "Wavenumber of a point of its own spectrum", dtype="float32"),
    Variable("wavelength_of_point", "1", "Wavelength of a point of its own spectrum, in spectral_axis_units",
             dtype="float32"),
    Variable("spectral_axis_of_point", "1", "Spectral axis of a point of its own spectrum", dtype="float32"),
)  # fmt: skip

_HYDROC = (
    measured("carbon_dioxide_partial_pressure", "uatm", "Partial pressure of carbon dioxide in sea water",
             "partial_pressure_of_carbon_dioxide_in_sea_water", 1e-3, 0.0, 100000.0, 1e-1),
    measured("methane_partial_pressure", "uatm", "Partial pressure of methane in sea water",
             "partial_pressure_of_methane_in_sea_water", 1e-3, 0.0, 1000000.0, 1e-1),
    measured("methane_mole_fraction", "1e-6", "Mole fraction of methane in the gas of the cell", None,
             1e-3, 0.0, 1000000.0, 1e-1),
    measured("gas_inlet_pressure", "mbar", "Pressure of the gas before the detector", None, 1e-2, 0.0, 20000.0, 1.0),
    measured("gas_stream_temperature", "degree_Celsius", "Temperature of the gas in the cell", None,
             1e-3, -20.0, 80.0, 1e-1),
    measured("gas_relative_humidity", "percent", "Relative humidity of the gas in the cell", None,
             1e-3, 0.0, 110.0, 1e-1),
    measured("zero_flag", "1", "Whether carbon dioxide or methane is removed for a zero (1) or not (0)", None,
             1e-1, 0.0, 9.0, 1.0),
    measured("flush_flag", "1", "Whether the cell is flushed after a zero (1) or not (0)", None, 1e-1, 0.0, 9.0, 1.0),
    measured("raw_signal", "1", "Detector at the gas's wavelength, as reported", None, 1e-2, -1e6, 1e7, 1.0),
    measured("reference_signal", "1", "Detector at the reference wavelength, as reported", None, 1e-2, -1e6, 1e7, 1.0),
)  # fmt: skip

_METS = (
    measured("methane_sensor_voltage", "V", "Voltage of a methane sensor", None, 1e-6, -1.0, 10.0, 1e-4),
    measured("methane_sensor_temperature_voltage", "V", "Voltage of a methane sensor's thermometer", None,
             1e-6, -1.0, 10.0, 1e-4),
    measured("methane_concentration", "umol L-1", "Dissolved methane per volume of water", None,
             1e-5, 0.0, 10000.0, 1e-3),
    measured("methane_sensor_temperature", "degree_Celsius", "Temperature at a methane sensor",
             "sea_water_temperature", 1e-4, -5.0, 60.0, 1e-2),
)  # fmt: skip

ROWS: tuple[Variable, ...] = (
    *_CLOCKS, *_ECO, *_LISST, *_NITRATE, *_CARBON_DIOXIDE, *_SAMI, *_SPECTRA, *_HYDROC, *_METS,
)  # fmt: skip
