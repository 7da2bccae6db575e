"""Frozen domain objects: what people know about an archive, free of files and formats.

Times are naive datetime64[us] in UTC. Everything optional is None or empty where the configuration is silent:
nothing is made up.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

import numpy as np

from lander.flag_lines import FlagLog

SEPARATOR = "/"
"""Between an instrument, its stream and a variable, where people name one of another instrument: "adcp/pitch"."""

CalibrationSource = Literal["header", "xmlcon", "device_sheet", "configuration"]
Coefficients = Mapping[str, Mapping[str, float | str]]
QcRules = Mapping[str, Mapping[str, Mapping[str, object] | Literal["off"]]]
"""Variable -> check -> parameter -> value, or "off" for a check that is not to run."""


@dataclass(frozen=True)
class Person:
    """Somebody with a part in the archive."""

    name: str
    role: str
    email: str | None = None
    orcid: str | None = None


@dataclass(frozen=True)
class Institution:
    """Who answers for the data."""

    name: str
    edmo: int | None = None
    ror: str | None = None


@dataclass(frozen=True)
class Position:
    """Where the lander stood: degrees north and east (WGS 84), how well known (m, 1 sigma), and from what."""

    latitude: float
    longitude: float
    uncertainty_m: float | None = None
    source: str | None = None


@dataclass(frozen=True)
class ClockCheck:
    """One reading of an instrument's clock against UTC, at the same moment."""

    instrument: np.datetime64
    utc: np.datetime64
    source: str | None = None


@dataclass(frozen=True)
class RawPattern:
    """Files of one instrument: a glob below the archive's raw folder, and how they came."""

    pattern: str
    delivery: Literal["recovered", "telemetered"] = "recovered"


@dataclass(frozen=True)
class Calibration:
    """Which coefficients count. `source` names the chosen place; `coefficients` are set for all but the header."""

    source: CalibrationSource = "header"
    coefficients: Coefficients | None = None


@dataclass(frozen=True)
class Disturbance:
    """An interval in which people or gear disturbed the measurement; empty `instruments` means all."""

    start: np.datetime64
    end: np.datetime64
    reason: str
    instruments: tuple[str, ...] = ()


@dataclass(frozen=True)
class Reference:
    """An independent value of a variable near the lander, in the vocabulary's units, with 1 sigma."""

    time: np.datetime64
    variable: str
    value: float
    uncertainty: float
    source: str


@dataclass(frozen=True)
class Doppler:
    """What people say of a current meter; None where the files decide.

    Attributes
    ----------
    heading_reference
        The north of recorded headings and velocities: the compass's, or true north already.
    sound_speed
        "in_situ" corrects velocities by the water's own speed of sound, "recorded" never does. None corrects where the
        instrument was given one fixed speed of sound and a CTD knows better.
    orientation
        Where the transducers look.
    coordinate_system
        Of velocities whose files do not tell.
    bin_mapping
        Whether cells are brought to one height by the tilt, where beams were recorded.
    """

    heading_reference: Literal["magnetic", "true"] | None = None
    sound_speed: Literal["in_situ", "recorded"] | None = None
    orientation: Literal["up", "down"] | None = None
    coordinate_system: Literal["instrument", "earth"] | None = None
    bin_mapping: bool = True


@dataclass(frozen=True)
class Instrument:
    """One instrument of one deployment.

    Attributes
    ----------
    name
        Its name in the archive, such as "ctd": unique in the deployment.
    settings
        What the raw file does not tell and a derived value needs, such as {"internal_salinity": 0.0} of an optode.
    response_times
        By variable, seconds to 63 % of a step.
    qc
        Changes to the site's quality control.
    """

    name: str
    model: str
    serial: str
    raw: tuple[RawPattern, ...]
    height_above_seafloor: float | None = None
    sampling_interval: float | None = None
    pressure_reference: Literal["gauge", "absolute"] | None = None
    doppler: Doppler = Doppler()
    calibration: Calibration = Calibration()
    clock_checks: tuple[ClockCheck, ...] = ()
    settings: Mapping[str, float] = field(default_factory=dict)
    response_times: Mapping[str, float] = field(default_factory=dict)
    codes: Mapping[str, str] = field(default_factory=dict)
    qc: QcRules = field(default_factory=dict)


@dataclass(frozen=True)
class Deployment:
    """One stay of a lander on the seafloor. `start` and `end` bound the ship's work, not the seafloor phase.

    `primary` names the instrument of a variable that several measure; `touchdown` and `liftoff` are what the
    configuration says, for deployments where no record shows them.
    """

    id: str
    site: str
    platform: str
    start: np.datetime64
    end: np.datetime64
    position: Position
    instruments: tuple[Instrument, ...]
    water_depth: float | None = None
    touchdown: np.datetime64 | None = None
    liftoff: np.datetime64 | None = None
    disturbances: tuple[Disturbance, ...] = ()
    references: tuple[Reference, ...] = ()
    primary: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Site:
    """A place to which landers return."""

    code: str
    name: str
    qc: QcRules = field(default_factory=dict)


@dataclass(frozen=True)
class FillRule:
    """How the gaps of one variable are filled, and up to what length in seconds (0: never)."""

    method: str = "linear"
    cap_seconds: float = 0.0


@dataclass(frozen=True)
class ArchiveConfig:
    """Everything that people say about an archive.

    Attributes
    ----------
    root
        The archive's folder.
    raw
        The folder that raw patterns are relative to.
    fill
        By variable; what is not named is never filled.
    qc
        Quality control for all sites; sites and instruments change it (`lander.config.merged_qc`).
    flags
        What people said of values by hand.
    """

    root: Path
    raw: Path
    title: str
    institution: Institution
    people: tuple[Person, ...]
    licence: str
    sites: tuple[Site, ...]
    deployments: tuple[Deployment, ...]
    project: str | None = None
    fill: Mapping[str, FillRule] = field(default_factory=dict)
    qc: QcRules = field(default_factory=dict)
    flags: FlagLog = field(default_factory=FlagLog)
