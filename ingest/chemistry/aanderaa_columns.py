"""Parameters of Aanderaa's sensors on a SeaGuard or SmartGuard: their words and units to the vocabulary's.

A parameter's meaning hangs on its sensor: `Temperature` of an oxygen optode is that of its foil. Pressure is measured
with air. Directions and headings are as the compass gives them: magnetic, unless the instrument was told its
declination.

References
----------
Aanderaa TD 262 (SeaGuard platform), TD 269 (oxygen optodes), TD 263 (conductivity sensors): names of parameters.
"""

import re

from ingest.textual.columns import Foreign

_OPTODE, _PRESSURE, _CURRENT, _ANY = r"optode|oxygen", r"pressure|tide|wave", r"current|dcs|doppler", r""
_WORDS = (
    # the sensor's description holds, the parameter is, our name
    (_OPTODE, r"temperature", "optode_temperature"),
    (_PRESSURE, r"temperature", "pressure_sensor_temperature"),
    (r"system", r".*temperature", "internal_temperature"),
    (_ANY, r"temperature", "temperature"),
    (_ANY, r"o2 ?concentration", "oxygen_concentration_uncompensated"),
    (_ANY, r"(o2 ?)?air ?saturation", "oxygen_air_saturation"),
    (_ANY, r"calphase", "calibrated_phase"),
    (_ANY, r"tcphase", "temperature_compensated_phase"),
    (_ANY, r"c1rph", "blue_phase"),
    (_ANY, r"c2rph", "red_phase"),
    (_ANY, r"c1amp", "blue_amplitude"),
    (_ANY, r"c2amp", "red_amplitude"),
    (_ANY, r"rawtemp", "raw_temperature"),
    (_ANY, r"conductivity", "conductivity"),
    (_ANY, r"salinity", "practical_salinity"),
    (_ANY, r"density", "density"),
    (_ANY, r"sound ?speed", "sound_speed"),
    (_ANY, r"pressure", "absolute_pressure"),
    (_ANY, r"abs(olute)? ?speed", "current_speed"),
    (_ANY, r"direction", "current_direction"),
    (_CURRENT, r"north", "northward_velocity"),
    (_CURRENT, r"east", "eastward_velocity"),
    (_ANY, r"heading", "heading"),
    (_ANY, r"turbidity", "turbidity"),
    (_ANY, r"(battery|input) ?voltage", "battery_voltage"),
)


def aanderaa_column(sensor: str, parameter: str, units: str) -> Foreign:
    """Name a parameter of a sensor.

    Parameters
    ----------
    sensor
        The sensor's description, such as "Oxygen Optode"; empty where the file does not say which it is: then columns
        of velocity, which nothing else has, are taken for those of a current meter.
    parameter, units
        As the file writes them.
    """
    word, plain = parameter.strip().lower(), re.sub(r"(?i)^deg\.\s*", "deg", units.strip())
    plain = {"degm": "degree", "degc": "degC"}.get(plain.lower(), plain)
    label = f"{sensor}: {parameter.strip()}" if sensor else parameter.strip()
    described = sensor.lower() or "current"
    for kind, pattern, name in _WORDS:
        if re.search(kind, described) and re.fullmatch(pattern, word):
            return Foreign(label, plain, name)
    return Foreign(label, plain, None)
