"""The only table of measured variables: name, CF name, units, how it is stored, what can be true."""

import importlib
import pkgutil
from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cache


@dataclass(frozen=True)
class Variable:
    """A measured quantity.

    Attributes
    ----------
    name
        Lower case, whole words: one name, one quantity.
    units
        UDUNITS string of every value under this name.
    long_name
        What a plot's axis says.
    standard_name
        CF standard name, or None where CF has none (`exempt` of CF checks; none is invented).
    step
        Storage step in `units` for int32 packing, at most a tenth of the best sensor's resolution. None for integers,
        and for floats that no step fits (stored as float32).
    dtype
        In the store: "int32" with `step`, another integer type as it is, or "float32".
    valid_min, valid_max
        What the quantity can be at all in sea water on this planet: the widest gross range.
    resolution
        Of an ordinary good sensor, in `units`: flat-line tolerance and comparisons near zero start from it.
    """

    name: str
    units: str
    long_name: str
    standard_name: str | None = None
    step: float | None = None
    dtype: str = "int32"
    valid_min: float | None = None
    valid_max: float | None = None
    resolution: float | None = None

    @property
    def attributes(self) -> dict[str, str]:
        """Attributes of this variable in a Dataset."""
        attributes = {"units": self.units, "long_name": self.long_name}
        if self.standard_name:
            attributes["standard_name"] = self.standard_name
        if self.standard_name == "sea_water_temperature":
            attributes["units_metadata"] = "temperature: on_scale"
        return attributes


def measured(*row: object) -> Variable:
    """Return a quantity of fields in the order of `Variable`, stored as int32 in steps."""
    name, units, long_name, standard_name, step, low, high, resolution = row
    return Variable(name, units, long_name, standard_name, step, "int32", low, high, resolution)  # type: ignore[arg-type]


def counted(name: str, long_name: str, dtype: str = "int32", units: str = "1") -> Variable:
    """Return a quantity stored as the integer it is."""
    return Variable(name, units, long_name, None, None, dtype)


_TABLE = (
    # name, units, long name, CF standard name, step, valid min, valid max, resolution
    measured("temperature", "degree_Celsius", "Sea water temperature, ITS-90", "sea_water_temperature",
              1e-5, -2.5, 40.0, 1e-4),
    measured("conductivity", "S m-1", "Sea water electrical conductivity", "sea_water_electrical_conductivity",
              1e-6, 0.0, 9.0, 1e-5),
    measured("pressure", "dbar", "Sea pressure, without air", "sea_water_pressure_due_to_sea_water",
              1e-4, -5.0, 12000.0, 2e-3),
    measured("absolute_pressure", "dbar", "Pressure, air included", "sea_water_pressure",
              1e-4, 5.0, 12012.0, 2e-3),
    measured("practical_salinity", "1", "Practical salinity, PSS-78", "sea_water_practical_salinity",
              1e-5, 0.0, 42.0, 2e-4),
    measured("oxygen_concentration_uncompensated", "umol L-1",
              "Oxygen as the optode reports it, at its internal salinity setting and without pressure effect", None,
              1e-4, 0.0, 1000.0, 1e-2),
    measured("oxygen_concentration", "umol L-1", "Dissolved oxygen, compensated for salinity and pressure",
              "mole_concentration_of_dissolved_molecular_oxygen_in_sea_water", 1e-4, 0.0, 1000.0, 1e-2),
    measured("oxygen_air_saturation", "percent", "Oxygen relative to air saturation, as the optode reports it", None,
              1e-4, 0.0, 300.0, 1e-2),
    measured("optode_temperature", "degree_Celsius", "Temperature at the optode foil", "sea_water_temperature",
              1e-4, -5.0, 40.0, 1e-3),
    measured("calibrated_phase", "degree", "Optode calibrated phase", None, 1e-4, 0.0, 180.0, 1e-3),
    measured("temperature_compensated_phase", "degree", "Optode temperature compensated phase", None,
              1e-4, -180.0, 180.0, 1e-3),
    measured("blue_phase", "degree", "Optode phase, blue excitation", None, 1e-4, -180.0, 180.0, 1e-3),
    measured("red_phase", "degree", "Optode phase, red excitation", None, 1e-4, -180.0, 180.0, 1e-3),
    measured("blue_amplitude", "mV", "Optode amplitude, blue excitation", None, 1e-2, 0.0, 5000.0, 0.1),
    measured("red_amplitude", "mV", "Optode amplitude, red excitation", None, 1e-2, 0.0, 5000.0, 0.1),
    measured("raw_temperature", "mV", "Optode thermistor voltage", None, 1e-2, -5000.0, 5000.0, 0.1),
    measured("pressure_sensor_temperature", "degree_Celsius", "Temperature inside the pressure sensor", None,
              1e-4, -10.0, 60.0, 1e-2),
    # Current profilers. Velocities count 1 mm s-1; a single ping of the best of them is ten times noisier.
    measured("eastward_velocity", "m s-1", "Eastward velocity of the water", "eastward_sea_water_velocity",
              1e-4, -33.0, 33.0, 1e-3),
    measured("northward_velocity", "m s-1", "Northward velocity of the water", "northward_sea_water_velocity",
              1e-4, -33.0, 33.0, 1e-3),
    measured("upward_velocity", "m s-1", "Upward velocity of the water", "upward_sea_water_velocity",
              1e-4, -33.0, 33.0, 1e-3),
    measured("error_velocity", "m s-1", "Difference of the two estimates of vertical velocity",
              "indicative_error_from_multibeam_acoustic_doppler_velocity_profiler_in_sea_water",
              1e-4, -33.0, 33.0, 1e-3),
    measured("beam_velocity", "m s-1", "Velocity of the water along each beam, toward the instrument",
              "radial_sea_water_velocity_toward_instrument", 1e-4, -33.0, 33.0, 1e-3),
    measured("instrument_velocity", "m s-1", "Velocity of the water in the instrument's axes", None,
              1e-4, -33.0, 33.0, 1e-3),
    measured("ship_velocity", "m s-1", "Velocity of the water in the axes of the levelled platform", None,
              1e-4, -33.0, 33.0, 1e-3),
    measured("vertical_beam_velocity", "m s-1", "Velocity of the water along the vertical beam, toward the instrument",
              "radial_sea_water_velocity_toward_instrument", 1e-4, -33.0, 33.0, 1e-3),
    measured("bottom_track_velocity", "m s-1", "Velocity of the instrument over ground", None,
              1e-4, -33.0, 33.0, 1e-3),
    measured("bottom_track_range", "m", "Vertical distance to the seafloor found by each beam", None,
              1e-3, 0.0, 12000.0, 1e-2),
    measured("heading", "degree", "Heading of the instrument", None, 1e-3, 0.0, 360.0, 1e-2),
    measured("pitch", "degree", "Pitch of the instrument", None, 1e-3, -180.0, 180.0, 1e-2),
    measured("roll", "degree", "Roll of the instrument", None, 1e-3, -180.0, 180.0, 1e-2),
    measured("heading_standard_deviation", "degree", "Standard deviation of heading in an ensemble", None,
              1e-3, 0.0, 360.0, 1e-1),
    measured("pitch_standard_deviation", "degree", "Standard deviation of pitch in an ensemble", None,
              1e-3, 0.0, 180.0, 1e-1),
    measured("roll_standard_deviation", "degree", "Standard deviation of roll in an ensemble", None,
              1e-3, 0.0, 180.0, 1e-1),
    measured("transducer_temperature", "degree_Celsius", "Temperature of the water at the transducer",
              "sea_water_temperature", 1e-3, -5.0, 45.0, 1e-2),
    measured("transducer_depth", "m", "Depth of the transducer, from its pressure or as set", None,
              1e-2, 0.0, 12000.0, 1e-1),
    measured("salinity_setting", "1", "Salinity that the instrument takes for its speed of sound", None,
              1e-2, 0.0, 42.0, 1.0),
    measured("sound_speed", "m s-1", "Speed of sound that the instrument computed with or was told",
              "speed_of_sound_in_sea_water", 1e-2, 1300.0, 1700.0, 1.0),
    measured("pressure_standard_deviation", "dbar", "Standard deviation of pressure in an ensemble", None,
              1e-4, 0.0, 12000.0, 1e-3),
    measured("minimum_preping_wait", "s", "Shortest wait between ping groups in an ensemble", None,
              1e-3, 0.0, 86400.0, 1e-2),
    measured("vertical_beam_time_offset", "s", "Time from the ensemble's clock to the ping of the vertical beam", None,
              1e-4, 0.0, 3600.0, 1e-3),
    counted("ensemble_number", "Number of the ensemble since the start of the instrument"),
    counted("built_in_test_result", "Result of the instrument's built-in test, 0 without fault"),
    counted("error_status_word", "Error status word of the instrument, bit by bit", "int64"),
    counted("adc_counts", "Channels of the instrument's analogue to digital converter, counts", "uint8"),
    counted("facing_up", "Whether the transducer faces up (1) or down (0)", "uint8"),
    measured("first_cell_distance", "m", "Distance of the first cell's centre from the transducer, along the vertical",
              None, 1e-3, 0.0, 655.0, 1e-2),
    counted("correlation_magnitude", "Correlation of each beam's echoes, counts", "uint8"),
    counted("echo_intensity", "Echo intensity of each beam, counts", "uint8"),
    counted("percent_good", "Share of good pings; what each column counts depends on the coordinate system", "uint8",
             "percent"),
    counted("bottom_track_correlation", "Correlation of each beam's bottom echoes, counts", "uint8"),
    counted("bottom_track_echo_intensity", "Evaluation amplitude of each beam's bottom echo, counts", "uint8"),
    counted("bottom_track_percent_good", "Share of good bottom track pings", "uint8", "percent"),
    counted("vertical_beam_correlation_magnitude", "Correlation of the vertical beam's echoes, counts", "uint8"),
    counted("vertical_beam_echo_intensity", "Echo intensity of the vertical beam, counts", "uint8"),
    counted("vertical_beam_percent_good", "Share of good pings of the vertical beam", "uint8", "percent"),
    # What Sea-Bird's software and further sensors on its CTDs give.
    measured("reference_temperature", "degree_Celsius", "Sea water temperature of a reference thermometer, ITS-90",
              "sea_water_temperature", 1e-5, -2.5, 40.0, 1e-4),
    measured("depth", "m", "Depth computed from pressure", "depth", 1e-3, -10.0, 12000.0, 1e-2),
    measured("potential_temperature", "degree_Celsius", "Potential temperature of sea water, ITS-90",
              "sea_water_potential_temperature", 1e-5, -2.5, 40.0, 1e-4),
    measured("density", "kg m-3", "Density of sea water in situ", "sea_water_density", 1e-4, 950.0, 1100.0, 1e-3),
    measured("sigma_t", "kg m-3", "Density of sea water at surface pressure, less 1000 kg m-3", "sea_water_sigma_t",
              1e-4, -50.0, 60.0, 1e-3),
    measured("sigma_theta", "kg m-3", "Potential density of sea water, less 1000 kg m-3", "sea_water_sigma_theta",
              1e-4, -50.0, 60.0, 1e-3),
    measured("oxygen_content", "umol kg-1", "Dissolved oxygen per mass of sea water",
              "moles_of_oxygen_per_unit_mass_in_sea_water", 1e-4, 0.0, 1000.0, 1e-2),
    measured("oxygen_saturation", "percent", "Dissolved oxygen relative to saturation",
              "fractional_saturation_of_oxygen_in_sea_water", 1e-4, 0.0, 300.0, 1e-2),
    measured("oxygen_sensor_voltage", "V", "Voltage of the oxygen sensor", None, 1e-5, 0.0, 5.5, 1e-4),
    measured("oxygen_frequency", "Hz", "Frequency of the oxygen sensor", None, 1e-3, 0.0, 100000.0, 1e-1),
    measured("oxygen_phase_delay", "us", "Phase delay of the oxygen sensor's luminescence", None,
              1e-5, 0.0, 100.0, 1e-3),
    measured("oxygen_sensor_temperature", "degree_Celsius", "Temperature at the oxygen sensor",
              "sea_water_temperature", 1e-5, -5.0, 40.0, 1e-3),
    measured("beam_transmission", "percent", "Light transmitted over the path of a transmissometer", None,
              1e-4, 0.0, 110.0, 1e-2),
    measured("beam_attenuation", "m-1", "Beam attenuation coefficient",
              "volume_beam_attenuation_coefficient_of_radiative_flux_in_sea_water", 1e-4, 0.0, 100.0, 1e-3),
    measured("altimeter_height", "m", "Height above the seafloor found by an altimeter", "height_above_sea_floor",
              1e-3, 0.0, 1000.0, 1e-2),
    measured("descent_rate", "m s-1", "Speed at which the instrument sinks", None, 1e-4, -100.0, 100.0, 1e-3),
    measured("latitude", "degree_north", "Latitude of each sample", "latitude", 1e-6, -90.0, 90.0, 1e-5),
    measured("longitude", "degree_east", "Longitude of each sample", "longitude", 1e-6, -180.0, 360.0, 1e-5),
    measured("ph_nbs", "1", "Sea water pH, NBS scale", None, 1e-4, 0.0, 14.0, 1e-3),
    measured("ph_internal", "1", "Sea water pH, total scale, against the internal reference",
              "sea_water_ph_reported_on_total_scale", 1e-5, 2.0, 12.0, 1e-4),
    measured("ph_external", "1", "Sea water pH, total scale, against the external reference",
              "sea_water_ph_reported_on_total_scale", 1e-5, 2.0, 12.0, 1e-4),
    measured("ph_sensor_temperature", "degree_Celsius", "Temperature at the pH sensor", "sea_water_temperature",
              1e-5, -5.0, 40.0, 1e-3),
    measured("ph_internal_voltage", "V", "Voltage of the pH sensor against the internal reference", None,
              1e-7, -5.0, 5.0, 1e-6),
    measured("ph_external_voltage", "V", "Voltage of the pH sensor against the external reference", None,
              1e-7, -5.0, 5.0, 1e-6),
    measured("internal_relative_humidity", "percent", "Relative humidity inside the housing", None,
              1e-3, 0.0, 100.0, 1e-2),
    measured("internal_temperature", "degree_Celsius", "Temperature inside the housing", None,
              1e-3, -20.0, 80.0, 1e-2),
    measured("dissolved_gas_pressure", "mbar", "Total pressure of the dissolved gases", None,
              1e-4, 0.0, 100000.0, 1e-2),
    measured("dissolved_gas_temperature", "degree_Celsius", "Temperature of the gas tension sensor", None,
              1e-4, -5.0, 50.0, 1e-2),
    measured("chlorophyll_fluorescence", "1", "Chlorophyll fluorescence, relative units", None,
              1e-4, -10.0, 5000.0, 1e-3),
    measured("downwelling_par", "umol m-2 s-1", "Photosynthetically active radiation from above",
              "downwelling_photosynthetic_photon_flux_in_sea_water", 1e-4, -10.0, 20000.0, 1e-3),
    measured("par_as_calibrated", "1",
              "Photosynthetically active radiation in the unit of its calibration, which the file does not state", None,
              1e-4, -10.0, 20000.0, 1e-3),
    measured("surface_par", "umol m-2 s-1", "Photosynthetically active radiation above the sea surface",
              "surface_downwelling_photosynthetic_photon_flux_in_air", 1e-4, -10.0, 20000.0, 1e-3),
    measured("scan_count", "1", "Number of the scan; a mean in averaged files", None, 1e-1, 0.0, 1e8, 1.0),
    measured("scans_per_bin", "1", "Scans averaged into a row", None, 1e-1, 0.0, 1e8, 1.0),
    counted("scan_flag", "Whether processing marked the scan bad (1) or not (0)", "uint8"),
    counted("sample_number", "Number of the sample since the start of the instrument"),
    counted("sample_error_flags", "Error flags of the instrument for the sample, bit by bit"),
    measured("pressure_sensor_frequency", "Hz", "Frequency of the quartz pressure sensor's temperature crystal", None,
              1e-3, 0.0, 200000.0, 1e-2),
    counted("burst_number", "Number of the burst"),
    counted("burst_samples", "Samples in the wave burst"),
    Variable("unmapped_columns", "1",
             "Columns that the vocabulary has no name for, each in its own unit: see the attribute unmapped_columns",
             dtype="float32"),
    *(measured(f"external_voltage_{channel}", "V", f"External voltage, channel {channel}", None,
                1e-6, -1.0, 10.0, 1e-4) for channel in range(8)),
    *(measured(f"frequency_channel_{channel}", "1",
                f"Raw channel {channel} as the maker's software gives it, hertz or counts", None,
                1e-3, 0.0, 2e6, 1e-2) for channel in range(5)),
    measured("chlorophyll_concentration", "mg m-3", "Chlorophyll from its fluorescence",
              "mass_concentration_of_chlorophyll_in_sea_water", 1e-4, -1.0, 1000.0, 1e-3),
    measured("turbidity", "1", "Turbidity, nephelometric units", "sea_water_turbidity", 1e-4, -10.0, 10000.0, 1e-2),
    measured("battery_voltage", "V", "Voltage of the main battery", None, 1e-3, 0.0, 100.0, 1e-2),
    measured("backup_battery_voltage", "V", "Voltage of the battery that keeps clock and memory", None,
              1e-3, 0.0, 100.0, 1e-2),
)


_SEVERAL = (
    "temperature", "conductivity", "pressure", "practical_salinity", "depth", "potential_temperature", "density",
    "sigma_t", "sigma_theta", "sound_speed", "oxygen_concentration", "oxygen_content", "oxygen_saturation",
    "oxygen_sensor_voltage", "chlorophyll_concentration", "turbidity", "dissolved_gas_pressure",
    "dissolved_gas_temperature",
)  # fmt: skip
"""Quantities of which one file can hold a second column, of a second sensor or the same again: `<name>_2`."""


@cache
def table() -> Mapping[str, Variable]:
    """Every measured variable, by name: those above, and the `ROWS` of each module in `ingest/variables`."""
    import ingest.variables as folder

    rows = list(_TABLE)
    for module_info in sorted(pkgutil.iter_modules(folder.__path__), key=lambda info: info.name):
        rows += importlib.import_module(f"{folder.__name__}.{module_info.name}").ROWS
    rows += [
        replace(variable, name=f"{variable.name}_2", long_name=f"{variable.long_name}, second column")
        for variable in rows
        if variable.name in _SEVERAL
    ]
    names = [variable.name for variable in rows]
    twice = {name for name in names if names.count(name) > 1}
    if twice:
        raise TypeError(f"variables in more than one place: {', '.join(sorted(twice))}")
    return {variable.name: variable for variable in rows}


def lookup(name: str) -> Variable:
    """Return the entry of one variable.

    For every variable of the vocabulary, `<name>_source_qc` is the quality flag that a published file gives it, and
    `<name>_below_detection` the limit below which a laboratory found it: a number where it has no value for that.

    Raises
    ------
    KeyError
        The name is not in the vocabulary.
    """
    flagged = name.removesuffix("_source_qc")
    if flagged != name and flagged in table():
        return counted(name, f"Quality flag in the source file: {table()[flagged].long_name}", "int8")
    limited = name.removesuffix("_below_detection")
    if limited != name and limited in table():
        base = table()[limited]
        return Variable(name, base.units, f"Limit below which it is: {base.long_name}", dtype="float32")
    return table()[name]
