"""Short names of columns in Sea-Bird .cnv files: which vocabulary variable each is, and in which unit it is written.

References
----------
Sea-Bird Scientific, SBE Data Processing user's manual, appendix "Output variable names"; Application Note 64 (1 ml/l of
oxygen is 44.66 umol/l and 1.42903 mg/l).
"""

import re
from collections.abc import Mapping, Sequence
from typing import NamedTuple

from ingest import vocabulary
from ingest.calibration.sea_bird import DECIBAR_PER_PSI

T68_PER_T90 = 1.00024
METRES_PER_FOOT = 0.3048
MICROMOLE_PER_MILLILITRE = 44.66
MILLIGRAM_PER_MILLILITRE = 1.42903

TIME_NAMES = ("timeK", "timeY", "timeN", "timeQ", "timeS", "timeM", "timeH", "timeJV2", "timeSCP", "timeJ")
"""Columns that tell the time, best first: absolute clocks, elapsed time, day of the year (0.09 s coarse)."""


class Column(NamedTuple):
    """A column by its header line `# name 0 = t090C: Temperature [ITS-90, deg C]`."""

    short: str
    description: str

    @property
    def unit(self) -> str:
        """What stands in the last brackets of the description, in lower case."""
        found = re.findall(r"\[([^\]]*)\]", self.description)
        return found[-1].strip().lower() if found else ""


class Meaning(NamedTuple):
    """What a column is: value * factor + offset is the vocabulary's unit; `sensor` counts from 1."""

    variable: str
    factor: float = 1.0
    offset: float = 0.0
    sensor: int = 1


_FAHRENHEIT = (1 / 1.8, -32 / 1.8)
_F68 = (1 / 1.8 / T68_PER_T90, -32 / 1.8 / T68_PER_T90)
_FIRST_T, _SECOND_T = r"(?:t0|t49|tnc|tv2|T0|t)", r"(?:t1|tnc2|T1)"
_OXYGEN = r"(?:sbeox0|sbox0|sbeopox|opox|iowOx|ox)"
_OXYGEN_2 = r"(?:sbeox1|sbox1|oxs)"
_CHLOROPHYLL = (
    r"(?:flECO-AFL|wetStar|flC|flCM|flCUVA|flSP|flS|flT(?:C\d?)?|wetChConc|chloroflTC0|chloroflTC1|flWETSeaOWLchl0)"
)
_TURBIDITY = (
    r"(?:obs3\+|obs|obsscufa|seaTurbMtr|turbWETntu0|turbWETbb0|turbflTC0|upoly0|nephc|xmiss_turb|turbWETbbdiff0)"
)

_RULES: Sequence[tuple[str, Meaning]] = (
    # pattern of the whole short name; what it is
    (_FIRST_T + r"90Cm?|t090", Meaning("temperature")),
    (_SECOND_T + r"90C", Meaning("temperature", sensor=2)),
    (_FIRST_T + r"68Cm?|t068", Meaning("temperature", 1 / T68_PER_T90)),
    (_SECOND_T + r"68C", Meaning("temperature", 1 / T68_PER_T90, sensor=2)),
    (_FIRST_T + r"90F", Meaning("temperature", *_FAHRENHEIT)),
    (_SECOND_T + r"90F", Meaning("temperature", *_FAHRENHEIT, sensor=2)),
    (_FIRST_T + r"68F", Meaning("temperature", *_F68)),
    (r"t(?:38|38_|038)90C|t3890C1", Meaning("reference_temperature")),
    (r"(?:c|cond)(?:0|_)?S/?m", Meaning("conductivity")),
    (r"(?:c|cond)1S/?m", Meaning("conductivity", sensor=2)),
    (r"(?:c|cond)(?:0|_)?mS/?cm", Meaning("conductivity", 0.1)),
    (r"(?:c|cond)1mS/?cm", Meaning("conductivity", 0.1, sensor=2)),
    (r"(?:c|cond)(?:0|_)?uS/?cm", Meaning("conductivity", 1e-4)),
    (r"(?:c|cond)1uS/?cm", Meaning("conductivity", 1e-4, sensor=2)),
    (r"prM|prDM|prdM|prSM|pr50M|pr|prm", Meaning("pressure")),
    (r"prE|prDE|prdE|prSE|pr50E", Meaning("pressure", DECIBAR_PER_PSI)),
    (r"ptempC", Meaning("pressure_sensor_temperature")),
    (r"ptempF", Meaning("pressure_sensor_temperature", *_FAHRENHEIT)),
    (r"sal00|psal0|practicalSalinity|sal_?", Meaning("practical_salinity")),
    (r"sal11|psal1", Meaning("practical_salinity", sensor=2)),
    (r"depSM|depFM|depS|depF", Meaning("depth")),
    (r"depSF|depFF", Meaning("depth", METRES_PER_FOOT)),
    (r"svCM|svDM|svWM|sv0CM|sv0DM|sv0WM", Meaning("sound_speed")),
    (r"svCM1|svDM1|svWM1|sv1CM|sv1DM|sv1WM", Meaning("sound_speed", sensor=2)),
    (r"svCF|svDF|svWF", Meaning("sound_speed", METRES_PER_FOOT)),
    (r"potemp090C|th090C", Meaning("potential_temperature")),
    (r"potemp190C|th190C", Meaning("potential_temperature", sensor=2)),
    (r"potemp068C|th068C", Meaning("potential_temperature", 1 / T68_PER_T90)),
    (r"potemp168C|th168C", Meaning("potential_temperature", 1 / T68_PER_T90, sensor=2)),
    (r"density00|density|rho0", Meaning("density")),
    (r"density11|rho1", Meaning("density", sensor=2)),
    (r"sigma-t00|sgt0|sigma-t", Meaning("sigma_t")),
    (r"sigma-t11|sgt1", Meaning("sigma_t", sensor=2)),
    # The Greek letter after the hyphen comes as latin-1, code page 437 or a replacement character.
    (r"sigma-(?:theta|[^\x00-\x7f]{1,3})(?:00)?|sgth0?", Meaning("sigma_theta")),
    (r"sigma-[^\x00-\x7f]{1,3}11|sgth1", Meaning("sigma_theta", sensor=2)),
    (_OXYGEN + r"M[Ll]/[Ll]", Meaning("oxygen_concentration", MICROMOLE_PER_MILLILITRE)),
    (_OXYGEN_2 + r"M[Ll]/[Ll]|sbeopoxML/L1", Meaning("oxygen_concentration", MICROMOLE_PER_MILLILITRE, sensor=2)),
    (_OXYGEN + r"Mg/L", Meaning("oxygen_concentration", MICROMOLE_PER_MILLILITRE / MILLIGRAM_PER_MILLILITRE)),
    (_OXYGEN_2 + r"Mg/L|sbeopoxMg/L1",
     Meaning("oxygen_concentration", MICROMOLE_PER_MILLILITRE / MILLIGRAM_PER_MILLILITRE, sensor=2)),
    (_OXYGEN + r"Mm/L", Meaning("oxygen_concentration")),
    (_OXYGEN_2 + r"Mm/L|sbeopoxMm/L1", Meaning("oxygen_concentration", sensor=2)),
    (_OXYGEN + r"Mm/Kg", Meaning("oxygen_content")),
    (_OXYGEN_2 + r"Mm/Kg|[Ss]beopoxMm/Kg1", Meaning("oxygen_content", sensor=2)),
    (_OXYGEN + r"PS", Meaning("oxygen_saturation")),
    (_OXYGEN_2 + r"PS|sbeopoxPS1", Meaning("oxygen_saturation", sensor=2)),
    (r"sbeox0V|sbox0V|oxV", Meaning("oxygen_sensor_voltage")),
    (r"sbeox1V|sbox1V", Meaning("oxygen_sensor_voltage", sensor=2)),
    (r"sbeox0F", Meaning("oxygen_frequency")),
    (r"sbeoxpd", Meaning("oxygen_phase_delay")),
    (r"sbeoxTC|oxTC", Meaning("oxygen_sensor_temperature")),
    (r"CStarTr0|xmiss|seaTrM|wetTrans", Meaning("beam_transmission")),
    (r"CStarAt0|bat|wetBAttn", Meaning("beam_attenuation")),
    (r"altM|alt", Meaning("altimeter_height")),
    (r"altF", Meaning("altimeter_height", METRES_PER_FOOT)),
    (r"dz/dtM|dzdtM", Meaning("descent_rate")),
    (r"dz/dtF|dzdtF", Meaning("descent_rate", METRES_PER_FOOT)),
    (r"latitude", Meaning("latitude")),
    (r"longitude", Meaning("longitude")),
    (r"ph", Meaning("ph_nbs")),
    (r"v([0-7])", Meaning("external_voltage_{}")),
    (r"f([0-4])", Meaning("frequency_channel_{}")),
    (r"scan", Meaning("scan_count")),
    (r"nbin", Meaning("scans_per_bin")),
    (r"flag", Meaning("scan_flag")),
)  # fmt: skip

_BY_UNIT: Sequence[tuple[str, str, Meaning]] = (
    # pattern of the whole short name, pattern of the unit, what it is: names whose unit is the user's choice
    (_CHLOROPHYLL, r"mg/m\^3|[uµ?]g/l|micro-g/l", Meaning("chlorophyll_concentration")),
    # Rinko, written by another program than Sea-Bird's.
    (r"ox", r"[uµ?]mol/l|micromol/l", Meaning("oxygen_concentration")),
    (_CHLOROPHYLL + "[12]?", r"rfu|afu", Meaning("chlorophyll_fluorescence")),
    (r"flScufa|flSCC", r"rfu|afu|", Meaning("chlorophyll_fluorescence")),
    (_TURBIDITY, r"ntu|ftu", Meaning("turbidity")),
    (r"par|cpar|par/log|par1|sbepar", r"umol photons/m\^2/sec|ueinsteins/s/m2|umol.*", Meaning("downwelling_par")),
    (r"par|par/log|par1", r"", Meaning("par_as_calibrated")),
    (r"spar", r"umol photons/m\^2/sec|umol.*", Meaning("surface_par")),
)


def meaning(column: Column) -> Meaning | None:
    """Return what a column is, or None where no vocabulary entry speaks for it."""
    for pattern, known in _RULES:
        match = re.fullmatch(pattern, column.short)
        if match:
            factor = 1.0 if known.factor == DECIBAR_PER_PSI and column.unit in ("db", "dbar") else known.factor
            return known._replace(variable=known.variable.format(*match.groups()), factor=factor)
    for pattern, unit, known in _BY_UNIT:
        if re.fullmatch(pattern, column.short) and re.fullmatch(unit, column.unit):
            return known
    return None


def variable_names(columns: Sequence[Column]) -> Mapping[int, tuple[str, Meaning]]:
    """Name the columns of a file.

    A second sensor of a quantity, and a column that comes twice, gets the name with `_2`, or the next number that is
    free; where the vocabulary has no such name the column stays without one, as does one of unknown meaning.

    Returns
    -------
    Mapping
        Column number -> vocabulary name and meaning.
    """
    named: dict[int, tuple[str, Meaning]] = {}
    taken: set[str] = set()
    for number, column in enumerate(columns):
        known = meaning(column)
        if known is None or column.short in TIME_NAMES:
            continue
        free = (_numbered(known.variable, sensor) for sensor in range(known.sensor, 10))
        name = next(name for name in free if name not in taken)
        if name in vocabulary.table():
            taken.add(name)
            named[number] = (name, known)
    return named


def _numbered(variable: str, sensor: int) -> str:
    return variable if sensor == 1 else f"{variable}_{sensor}"
