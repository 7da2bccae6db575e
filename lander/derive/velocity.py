"""Velocities over true north from whatever a current meter recorded: beams, its own axes, or its compass's north."""

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lander.derived import Flagged, is_good, worst
from lander.derived_group import DerivedGroup, Dims, Facts, Lacking, Prepared
from lander.doppler import attitude, beams, cells, declination, sound
from qc.flags import BAD, GOOD, MISSING, PROBABLY_GOOD, Flags

Floats = NDArray[np.float64]
Inputs = Mapping[str, Flagged]
Settings = Mapping[str, Any]

EARTH = ("eastward_velocity", "northward_velocity", "upward_velocity")
SECOND, ERROR = "second_upward_velocity", "error_velocity"
ATTITUDE = ("heading", "pitch", "roll")
_CTD = ("temperature", "practical_salinity", "pressure")

# By coordinate system and variable: what velocities are called as recorded.
_RECORDED = {
    "beam": ("beam_velocity", "outward_beam_velocity"),
    "instrument": ("instrument_velocity",),
    "ship": ("ship_velocity",),
    "": ("unreferenced_velocity",),
}
_CONVENTIONS = ("teledyne_rdi", "nortek_classic", "nortek_ad2cp")


def prepare(facts: Facts) -> Prepared | Lacking | None:
    """Say what can be made of a stream's velocities."""
    convention = facts.attributes.get("attitude_convention")
    frame, recorded = _recorded(facts)
    if convention not in _CONVENTIONS or recorded is None:
        return None
    if frame == "beam" and _width(facts, recorded) == 1:
        return None  # one beam alone tells nothing of the horizontal; it stays as recorded
    try:
        settings = _settings(facts, frame, recorded)
    except _MissingError as missing:
        return Lacking(EARTH, f"{facts.deployment.id}/{facts.instrument.name}: {missing}")
    if recorded == EARTH[0] and not settings["declination"] and not settings["sound_speed"]:
        return None  # they are what was asked for, as recorded
    return _prepared(facts, settings, recorded)


class _MissingError(Exception):
    """What stands in the way, in words for people."""


def _recorded(facts: Facts) -> tuple[str, str | None]:
    """Coordinate system of the stream's velocities, and the variable that holds them (or the first of them)."""
    if EARTH[0] in facts.dims and facts.attributes.get("coordinate_system") in ("earth", None):
        return "earth", EARTH[0]
    for frame, names in _RECORDED.items():
        for name in names:
            if name in facts.dims:
                return frame or (facts.instrument.doppler.coordinate_system or ""), name
    return "", None


def _width(facts: Facts, recorded: str) -> int:
    return facts.shapes.get(recorded, (0,))[-1]


def _settings(facts: Facts, frame: str, recorded: str) -> dict[str, Any]:
    """All that the kernel is told; raises where something is missing."""
    about = facts.attributes
    if facts.varying:
        raise _MissingError(f"its raw files differ in {', '.join(facts.varying)}: the instrument was set up anew; "
                            "name it as a second instrument, with the raw files of its own")  # fmt: skip
    if not frame:
        raise _MissingError("the files do not say along which axes the velocities are; put `doppler: "
                            "{coordinate_system: ...}` under the instrument")  # fmt: skip
    if frame != "earth" and about.get("heading_alignment_degree"):
        raise _MissingError(f"its heading alignment is {about['heading_alignment_degree']:g} degrees, and whether that "
                            "is in the recorded headings cannot be told")  # fmt: skip
    settings = {
        "frame": frame,
        "recorded": recorded,
        "convention": about["attitude_convention"],
        "declination": _declination(facts),
        "latitude": facts.deployment.position.latitude,
        "longitude": facts.deployment.position.longitude,
        "sound_speed": _sound_speed(facts),
        **_geometry(facts, frame, recorded),
    }
    settings["map_cells"] = _maps_cells(facts, frame, recorded)
    settings["centre_us"] = _centre_us(about) if settings["sound_speed"] else 0
    return settings


def _centre_us(about: Mapping[str, Any]) -> int:
    """From the stamp of an ensemble to its middle, where other instruments are looked at; 0 where it is not told."""
    half = float(about.get("averaging_interval_seconds") or 0.0) / 2.0
    sign = {"start": 1, "end": -1}.get(str(about.get("ensemble_time")), 0)
    return round(sign * half * 1e6)


def _declination(facts: Facts) -> bool:
    """Whether the declination is still to be applied."""
    reference = facts.instrument.doppler.heading_reference or facts.attributes.get("heading_reference")
    if reference is None:
        raise _MissingError("the files do not say over which north the headings are; put `doppler: {heading_reference: "
                            "magnetic}`, or `true`, under the instrument")  # fmt: skip
    covered = facts.deployment.start >= declination.FIRST and facts.deployment.end < declination.BEYOND
    if reference == "magnetic" and not covered:
        raise _MissingError(f"{declination.MODEL} tells the declination from {declination.FIRST} to "
                            f"{declination.BEYOND}, and the deployment is outside of it")  # fmt: skip
    return bool(reference == "magnetic")


def _sound_speed(facts: Facts) -> bool:
    """Whether velocities are to be corrected for the speed of sound."""
    wanted = facts.instrument.doppler.sound_speed
    if wanted == "recorded":
        return False
    used = "sound_speed" in facts.dims or "sound_speed" in facts.siblings
    missing = [name for name in _CTD if name not in facts.available and name not in facts.dims]
    if wanted == "in_situ" and (missing or not used):
        lacks = ", ".join([*([] if used else ["the speed of sound that it computed with"]), *missing])
        raise _MissingError(f"`sound_speed: in_situ` needs {lacks}: name one under `primary:`, or leave the key out")
    return used and not missing and (wanted == "in_situ" or facts.attributes.get("sound_speed_source") == "fixed")


def _geometry(facts: Facts, frame: str, recorded: str) -> dict[str, Any]:
    """Attitude and beams, as far as the frame needs them."""
    if frame == "earth":
        return {}
    about = facts.attributes
    rotation = "rotation_matrix" in facts.dims
    needed = ("heading",) if frame == "ship" else () if rotation else ATTITUDE
    absent = [name for name in needed if name not in facts.dims and name not in facts.siblings]
    if absent:
        raise _MissingError(f"there is no record of {', '.join(absent)}")
    found: dict[str, Any] = {"rotation_matrix": rotation and frame != "ship"}
    if frame == "ship" and not about.get("tilts_used_by_instrument"):
        raise _MissingError("its ship coordinates are without tilts, as it was told not to use them")
    return found | (_beams(facts, _width(facts, recorded)) if frame == "beam" else {})


def _beams(facts: Facts, width: int) -> dict[str, Any]:
    """How the beams stand."""
    about = facts.attributes
    if about["attitude_convention"] == "teledyne_rdi":
        if width != 4 or "beam_angle_degree" not in about:
            raise _MissingError(f"it has {width} beams, and four at a known angle were expected")
        return {"beam_angle": float(about["beam_angle_degree"]), "convex": about.get("beam_pattern") != "concave"}
    matrix = [float(element) for element in str(about.get("beam_to_instrument_matrix", "")).split()]
    if not matrix:
        raise _MissingError("the files lack the matrix from beams to the instrument's axes, which is in the "
                            "configuration that the instrument writes first")  # fmt: skip
    if len(matrix) != width**2:
        raise _MissingError(f"{width} beams were recorded, and the matrix of the instrument has {len(matrix)} elements")
    return {"matrix": matrix}


def _maps_cells(facts: Facts, frame: str, recorded: str) -> bool:
    profile = facts.dims[recorded][1:2] == ("cell",) and "cell_distance" in facts.dims
    return frame == "beam" and profile and facts.instrument.doppler.bin_mapping


def _prepared(facts: Facts, settings: Mapping[str, Any], recorded: str) -> Prepared:
    frame, convention = settings["frame"], settings["convention"]
    dims = facts.dims[recorded]
    shape: Dims = dims if frame == "earth" and recorded == EARTH[0] else dims[:-1]
    outputs: dict[str, Dims] = dict.fromkeys(EARTH, shape)
    inputs, siblings = [recorded], []
    if frame == "earth" and recorded == EARTH[0]:
        inputs = [name for name in (*EARTH, SECOND) if name in facts.dims]
        outputs = dict.fromkeys(inputs, shape)
    elif frame != "earth":
        outputs |= _further_outputs(facts, settings, recorded, shape)
        attitude_inputs = _attitude_inputs(settings, convention)
        inputs += [name for name in attitude_inputs if name in facts.dims]
        siblings += [name for name in attitude_inputs if name not in facts.dims and name in facts.siblings]
    matched: list[str] = []
    if settings["sound_speed"]:
        outputs["sound_speed_ratio"] = ("time",)
        (inputs if "sound_speed" in facts.dims else siblings).append("sound_speed")
        inputs += [name for name in _CTD if name in facts.dims and name not in facts.available]
        matched += [name for name in _CTD if name in facts.available]
    if settings["declination"]:
        outputs["magnetic_declination"] = ("time",)
    fixed = ("cell_distance",) if settings["map_cells"] else ()
    judged = tuple(name for name in outputs if name in (*EARTH, SECOND, ERROR))
    return Prepared(outputs, judged, tuple(inputs), _method(settings), fixed, tuple(siblings), tuple(matched),
                    dict(settings))  # fmt: skip


def _further_outputs(facts: Facts, settings: Settings, recorded: str, shape: Dims) -> dict[str, Dims]:
    width, from_beams = _width(facts, recorded), settings["frame"] == "beam"
    further: dict[str, Dims] = {"velocity_solution": shape} if from_beams else {}
    if width == 4 and (from_beams or settings["convention"] == "teledyne_rdi"):
        further[ERROR] = shape
    if settings["convention"] == "nortek_ad2cp" and width == 4:
        further[SECOND] = shape
    return further


def _attitude_inputs(settings: Settings, convention: str) -> tuple[str, ...]:
    if settings["frame"] == "ship":
        return ("heading",)
    if settings["rotation_matrix"]:
        return ("rotation_matrix",)
    return (*ATTITUDE, "facing_up" if convention == "teledyne_rdi" else "status_word")


def _method(settings: Settings) -> str:
    steps = {
        "beam": "one missing beam of four solved from the others; beams to axes; heading, pitch and roll",
        "instrument": "heading, pitch and roll",
        "ship": "heading",
        "earth": "east, north and up as recorded",
    }[settings["frame"]]
    if settings["map_cells"]:
        steps = "cells brought to one height by the tilt; " + steps
    if settings["declination"]:
        steps += f"; magnetic declination of {declination.MODEL} at the date of each record"
    else:
        steps += "; the recorded headings are over true north already"
    return steps + ("; times sound_speed_ratio where there is one" if settings["sound_speed"] else "")


def kernel(
    time: NDArray[np.int64], inputs: Inputs, fixed: Mapping[str, NDArray[Any]], settings: Settings
) -> dict[str, Flagged]:
    """Compute every output; see `lander.derived_group.DerivedGroup`."""
    rows = max(1, _VALUES_AT_ONCE // max(1, int(np.prod(inputs[settings["recorded"]].value.shape[1:], dtype=int))))
    parts = []
    for first in range(0, max(len(time), 1), rows):
        cut = slice(first, first + rows)
        some = {name: Flagged(each.value[cut], each.flags[cut]) for name, each in inputs.items()}
        parts.append(_some(time[cut], some, fixed, settings))
    return {
        name: Flagged(
            np.concatenate([part[name].value for part in parts]), np.concatenate([part[name].flags for part in parts])
        )
        for name in parts[0]
    }


_VALUES_AT_ONCE = 1 << 18  # keeps what lies between beams and earth out of the memory's reach


def _some(
    time: NDArray[np.int64], inputs: Inputs, fixed: Mapping[str, NDArray[Any]], settings: Settings
) -> dict[str, Flagged]:
    angle = np.zeros(time.shape)
    found: dict[str, Flagged] = {}
    if settings["declination"]:
        angle = declination.declination(settings["latitude"], settings["longitude"], time)
        found["magnetic_declination"] = _judged(angle)
    rotation = attitude.turned(_rotation(time, inputs, settings), angle)
    vectors = _vectors(inputs, fixed, rotation, settings)
    if settings["sound_speed"]:
        found["sound_speed_ratio"] = _ratio(inputs, settings)
        vectors = _corrected(vectors, found["sound_speed_ratio"].value)
    return found | vectors


def _judged(value: Floats) -> Flagged:
    return Flagged(value, _where_finite(value, np.full(value.shape, GOOD, dtype=np.int8)))


def _rotation(time: NDArray[np.int64], inputs: Inputs, settings: Settings) -> Floats:
    """From the axes of the velocities to east, north, up over the north of the recorded heading; NaN where unknown."""
    if settings["frame"] == "earth":
        return attitude.identity(len(time))
    if settings["rotation_matrix"]:
        return np.moveaxis(inputs["rotation_matrix"].value, 0, -1)
    if settings["frame"] == "ship":
        return attitude.levelled(_angle(inputs["heading"]))
    heading, pitch, roll = (_angle(inputs[name]) for name in ATTITUDE)
    if settings["convention"] == "teledyne_rdi":
        return attitude.teledyne(heading, pitch, roll, inputs["facing_up"].value > 0)
    status = inputs["status_word"].value
    known = np.isfinite(status)
    word = np.where(known, status, 0.0).astype(np.int64)
    if settings["convention"] == "nortek_classic":
        return np.where(known, attitude.nortek(heading, pitch, roll, (word & 1) > 0), np.nan)
    code = word >> _ORIENTATION_BIT & 7
    known &= np.isin(code, (_Z_UP, _Z_DOWN, _BY_SENSOR))
    return np.where(known, attitude.nortek(heading, pitch, roll, code == _Z_DOWN), np.nan)


def _angle(seen: Flagged) -> Floats:
    return np.where(seen.flags == BAD, np.nan, seen.value)


# Nortek N3015-007, status word, bits 25 to 27. A full attitude sensor says a roll of 180 degrees by itself.
_ORIENTATION_BIT, _Z_UP, _Z_DOWN, _BY_SENSOR = 25, 4, 5, 7


def _vectors(
    inputs: Inputs, fixed: Mapping[str, NDArray[Any]], rotation: Floats, settings: Settings
) -> dict[str, Flagged]:
    """East, north and up, and what comes with them, with flags from what was recorded."""
    if settings["recorded"] == EARTH[0]:
        return _turned(inputs, rotation)
    velocity = inputs[settings["recorded"]].value
    further: dict[str, Floats] = {}
    best = np.full(velocity.shape[:-1], GOOD, dtype=np.int8)
    if settings["frame"] == "beam":
        geometry = _beams_of(settings)
        if settings["map_cells"]:
            number = cells.mapped_cells(rotation, geometry.directions, fixed["cell_distance"])
            velocity = cells.take_cells(velocity, number)
        velocity, solution = beams.solve(velocity, geometry)
        further["velocity_solution"] = solution.astype(np.float64)
        if geometry.closure is not None:
            further[ERROR] = beams.error_velocity(velocity, geometry, solution)
            best = np.where(solution == beams.THREE_BEAMS, PROBABLY_GOOD, best).astype(np.int8)
        velocity = beams.to_instrument(velocity, geometry)
    elif settings["convention"] == "teledyne_rdi" and velocity.shape[-1] == 4:
        further[ERROR] = velocity[..., 3]
    made = _to_earth(velocity, rotation, settings) | further
    return {name: Flagged(value, _where_finite(value, best)) for name, value in made.items()}


def _where_finite(value: Floats, flags: Flags) -> Flags:
    return np.where(np.isfinite(value), flags, np.int8(MISSING))


def _beams_of(settings: Settings) -> beams.Beams:
    if settings["convention"] == "teledyne_rdi":
        return beams.janus(settings["beam_angle"], convex=settings["convex"])
    matrix = np.array(settings["matrix"], dtype=np.float64)
    return beams.nortek(matrix.reshape(round(np.sqrt(matrix.size)), -1))


def _to_earth(velocity: Floats, rotation: Floats, settings: Settings) -> dict[str, Floats]:
    x, y, z = (velocity[..., axis] for axis in range(3))
    if settings["convention"] != "nortek_ad2cp" or velocity.shape[-1] != 4:
        return dict(zip(EARTH, attitude.rotate(rotation, (x, y, z)), strict=True))
    # Two estimates of Z: the horizontal takes their mean, and each gives an upward velocity of its own. Nortek,
    # Sig4beam_transform.m (coordinatetransforms).
    second = velocity[..., 3]
    east, north, _ = attitude.rotate(rotation, (x, y, (z + second) / 2.0))
    _, _, up = attitude.rotate(rotation, (x, y, z))
    _, _, second_up = attitude.rotate(rotation, (x, y, second))
    return {**dict(zip(EARTH, (east, north, up), strict=True)), SECOND: second_up}


def _turned(inputs: Inputs, rotation: Floats) -> dict[str, Flagged]:
    """Components over one north turned to another; vertical ones stay."""
    east, north = (inputs[name] for name in EARTH[:2])
    true_east, true_north, _ = attitude.rotate(rotation, (east.value, north.value, np.zeros_like(east.value)))
    flags = worst(east.flags, north.flags)
    vertical = {name: inputs[name] for name in (EARTH[2], SECOND) if name in inputs}
    level = {EARTH[0]: true_east, EARTH[1]: true_north}
    return {name: Flagged(value, _where_finite(value, flags)) for name, value in level.items()} | vertical


def _ratio(inputs: Inputs, settings: Settings) -> Flagged:
    temperature, salinity, pressure = (np.where(is_good(inputs[name].flags), inputs[name].value, np.nan)
                                       for name in _CTD)  # fmt: skip
    true = sound.sound_speed(temperature, salinity, pressure, settings["latitude"], settings["longitude"])
    ratio = sound.ratio(true, inputs["sound_speed"].value)
    flags = worst(*(inputs[name].flags for name in _CTD))
    return Flagged(ratio, _where_finite(ratio, flags))


def _corrected(vectors: Mapping[str, Flagged], ratio: Floats) -> dict[str, Flagged]:
    """Velocities times the ratio; without one they stay as recorded, and are "probably good" at best."""
    found = dict(vectors)
    for name, (value, flags) in vectors.items():
        if name == "velocity_solution":
            continue
        along = ratio.reshape((-1,) + (1,) * (value.ndim - 1))
        least = np.where(np.isfinite(along), GOOD, PROBABLY_GOOD).astype(np.int8)
        scaled = value * np.where(np.isfinite(along), along, 1.0)
        found[name] = Flagged(scaled, worst(flags, np.broadcast_to(least, flags.shape)))
    return found


GROUP = DerivedGroup(
    name="velocity",
    version=1,
    attributes=(
        "attitude_convention", "coordinate_system", "beam_angle_degree", "beam_pattern", "beam_to_instrument_matrix",
        "heading_reference", "heading_alignment_degree", "tilts_used_by_instrument", "sound_speed_source",
        "orientation", "ensemble_time", "averaging_interval_seconds",
    ),
    # A lander at rest says the same heading for months: tests for sensors that stand still say nothing of it.
    heeded=dict.fromkeys(ATTITUDE, ("gross_range", "spike")),
    prepare=prepare,
    kernel=kernel,
    references=(
        "Teledyne RD Instruments (2010), ADCP Coordinate Transformation, P/N 951-6079-00",
        "Nortek, Transform.m and Sig4beam_transform.m (coordinatetransforms)",
        "Alken et al. (2021), Earth Planets Space 73, 49 (IGRF)",
    ),
)  # fmt: skip
