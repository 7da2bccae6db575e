"""The only table of measured variables: name, CF name, units, how it is stored, what can be true."""

from collections.abc import Mapping
from dataclasses import dataclass
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


def _measured(*row: object) -> Variable:
    name, units, long_name, standard_name, step, low, high, resolution = row
    return Variable(name, units, long_name, standard_name, step, "int32", low, high, resolution)  # type: ignore[arg-type]


def _counted(name: str, long_name: str, dtype: str = "int32", units: str = "1") -> Variable:
    return Variable(name, units, long_name, None, None, dtype)


_TABLE = (
    # name, units, long name, CF standard name, step, valid min, valid max, resolution
    _measured("temperature", "degree_Celsius", "Sea water temperature, ITS-90", "sea_water_temperature",
              1e-5, -2.5, 40.0, 1e-4),
    _measured("conductivity", "S m-1", "Sea water electrical conductivity", "sea_water_electrical_conductivity",
              1e-6, 0.0, 9.0, 1e-5),
    _measured("pressure", "dbar", "Sea pressure, without air", "sea_water_pressure_due_to_sea_water",
              1e-4, -5.0, 12000.0, 2e-3),
    _measured("absolute_pressure", "dbar", "Pressure, air included", "sea_water_pressure",
              1e-4, 5.0, 12012.0, 2e-3),
    _measured("practical_salinity", "1", "Practical salinity, PSS-78", "sea_water_practical_salinity",
              1e-5, 0.0, 42.0, 2e-4),
    _measured("oxygen_concentration_uncompensated", "umol L-1",
              "Oxygen as the optode reports it, at its internal salinity setting and without pressure effect", None,
              1e-4, 0.0, 1000.0, 1e-2),
    _measured("oxygen_concentration", "umol L-1", "Dissolved oxygen, compensated for salinity and pressure",
              "mole_concentration_of_dissolved_molecular_oxygen_in_sea_water", 1e-4, 0.0, 1000.0, 1e-2),
    _measured("oxygen_air_saturation", "percent", "Oxygen relative to air saturation, as the optode reports it", None,
              1e-4, 0.0, 300.0, 1e-2),
    _measured("optode_temperature", "degree_Celsius", "Temperature at the optode foil", "sea_water_temperature",
              1e-4, -5.0, 40.0, 1e-3),
    _measured("calibrated_phase", "degree", "Optode calibrated phase", None, 1e-4, 0.0, 180.0, 1e-3),
    _measured("temperature_compensated_phase", "degree", "Optode temperature compensated phase", None,
              1e-4, -180.0, 180.0, 1e-3),
    _measured("blue_phase", "degree", "Optode phase, blue excitation", None, 1e-4, -180.0, 180.0, 1e-3),
    _measured("red_phase", "degree", "Optode phase, red excitation", None, 1e-4, -180.0, 180.0, 1e-3),
    _measured("blue_amplitude", "mV", "Optode amplitude, blue excitation", None, 1e-2, 0.0, 5000.0, 0.1),
    _measured("red_amplitude", "mV", "Optode amplitude, red excitation", None, 1e-2, 0.0, 5000.0, 0.1),
    _measured("raw_temperature", "mV", "Optode thermistor voltage", None, 1e-2, -5000.0, 5000.0, 0.1),
    _measured("pressure_sensor_temperature", "degree_Celsius", "Temperature inside the pressure sensor", None,
              1e-4, -10.0, 60.0, 1e-2),
    # Current profilers. Velocities count 1 mm s-1; a single ping of the best of them is ten times noisier.
    _measured("eastward_velocity", "m s-1", "Eastward velocity of the water", "eastward_sea_water_velocity",
              1e-4, -33.0, 33.0, 1e-3),
    _measured("northward_velocity", "m s-1", "Northward velocity of the water", "northward_sea_water_velocity",
              1e-4, -33.0, 33.0, 1e-3),
    _measured("upward_velocity", "m s-1", "Upward velocity of the water", "upward_sea_water_velocity",
              1e-4, -33.0, 33.0, 1e-3),
    _measured("error_velocity", "m s-1", "Difference of the two estimates of vertical velocity",
              "indicative_error_from_multibeam_acoustic_doppler_velocity_profiler_in_sea_water",
              1e-4, -33.0, 33.0, 1e-3),
    _measured("beam_velocity", "m s-1", "Velocity of the water along each beam, toward the instrument",
              "radial_sea_water_velocity_toward_instrument", 1e-4, -33.0, 33.0, 1e-3),
    _measured("instrument_velocity", "m s-1", "Velocity of the water in the instrument's axes", None,
              1e-4, -33.0, 33.0, 1e-3),
    _measured("ship_velocity", "m s-1", "Velocity of the water in the axes of the levelled platform", None,
              1e-4, -33.0, 33.0, 1e-3),
    _measured("vertical_beam_velocity", "m s-1", "Velocity of the water along the vertical beam, toward the instrument",
              "radial_sea_water_velocity_toward_instrument", 1e-4, -33.0, 33.0, 1e-3),
    _measured("bottom_track_velocity", "m s-1", "Velocity of the instrument over ground", None,
              1e-4, -33.0, 33.0, 1e-3),
    _measured("bottom_track_range", "m", "Vertical distance to the seafloor found by each beam", None,
              1e-3, 0.0, 12000.0, 1e-2),
    _measured("heading", "degree", "Heading of the instrument", None, 1e-3, 0.0, 360.0, 1e-2),
    _measured("pitch", "degree", "Pitch of the instrument", None, 1e-3, -180.0, 180.0, 1e-2),
    _measured("roll", "degree", "Roll of the instrument", None, 1e-3, -180.0, 180.0, 1e-2),
    _measured("heading_standard_deviation", "degree", "Standard deviation of heading in an ensemble", None,
              1e-3, 0.0, 360.0, 1e-1),
    _measured("pitch_standard_deviation", "degree", "Standard deviation of pitch in an ensemble", None,
              1e-3, 0.0, 180.0, 1e-1),
    _measured("roll_standard_deviation", "degree", "Standard deviation of roll in an ensemble", None,
              1e-3, 0.0, 180.0, 1e-1),
    _measured("transducer_temperature", "degree_Celsius", "Temperature of the water at the transducer",
              "sea_water_temperature", 1e-3, -5.0, 45.0, 1e-2),
    _measured("transducer_depth", "m", "Depth of the transducer, from its pressure or as set", None,
              1e-2, 0.0, 12000.0, 1e-1),
    _measured("salinity_setting", "1", "Salinity that the instrument takes for its speed of sound", None,
              1e-2, 0.0, 42.0, 1.0),
    _measured("sound_speed", "m s-1", "Speed of sound that the instrument computed with or was told",
              "speed_of_sound_in_sea_water", 1e-2, 1300.0, 1700.0, 1.0),
    _measured("pressure_standard_deviation", "dbar", "Standard deviation of pressure in an ensemble", None,
              1e-4, 0.0, 12000.0, 1e-3),
    _measured("minimum_preping_wait", "s", "Shortest wait between ping groups in an ensemble", None,
              1e-3, 0.0, 86400.0, 1e-2),
    _measured("vertical_beam_time_offset", "s", "Time from the ensemble's clock to the ping of the vertical beam", None,
              1e-4, 0.0, 3600.0, 1e-3),
    _counted("ensemble_number", "Number of the ensemble since the start of the instrument"),
    _counted("built_in_test_result", "Result of the instrument's built-in test, 0 without fault"),
    _counted("error_status_word", "Error status word of the instrument, bit by bit", "int64"),
    _counted("adc_counts", "Channels of the instrument's analogue to digital converter, counts", "uint8"),
    _counted("facing_up", "Whether the transducer faces up (1) or down (0)", "uint8"),
    _counted("correlation_magnitude", "Correlation of each beam's echoes, counts", "uint8"),
    _counted("echo_intensity", "Echo intensity of each beam, counts", "uint8"),
    _counted("percent_good", "Share of good pings; what each column counts depends on the coordinate system", "uint8",
             "percent"),
    _counted("bottom_track_correlation", "Correlation of each beam's bottom echoes, counts", "uint8"),
    _counted("bottom_track_echo_intensity", "Evaluation amplitude of each beam's bottom echo, counts", "uint8"),
    _counted("bottom_track_percent_good", "Share of good bottom track pings", "uint8", "percent"),
    _counted("vertical_beam_correlation_magnitude", "Correlation of the vertical beam's echoes, counts", "uint8"),
    _counted("vertical_beam_echo_intensity", "Echo intensity of the vertical beam, counts", "uint8"),
    _counted("vertical_beam_percent_good", "Share of good pings of the vertical beam", "uint8", "percent"),
)


@cache
def table() -> Mapping[str, Variable]:
    """Every measured variable, by name."""
    return {variable.name: variable for variable in _TABLE}


def lookup(name: str) -> Variable:
    """Return the entry of one variable.

    Raises
    ------
    KeyError
        The name is not in the vocabulary.
    """
    return table()[name]
