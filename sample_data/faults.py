"""Faults: where they fall in an instrument's samples, and what they make of its readings."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .instrument import Columns, Instrument, View
from .noise import uniform, white
from .scenario import INSTRUMENTS, Fault, Scenario, ScenarioError
from .timeline import Timeline

Floats = NDArray[np.float64]
Spans = NDArray[np.int64]

_THIRTY_DAYS = 30 * 86_400.0
_SIGMA_SAMPLES = 4_096


@dataclass(frozen=True)
class Planned:
    """One fault in one variable, or of one instrument, with its place.

    Attributes
    ----------
    number
        Id, counted from 1.
    fault
        What the scenario says.
    instrument
        Name; None where no instrument of the simulator has the variable.
    variable
        None for a fault of the whole instrument.
    spans : ndarray of int64, shape (m, 2)
        First sample and the one after the last, for each occurrence.
    size
        Offset in the variable's unit, for kinds that count in sigma.
    signs : ndarray, shape (m,)
        Of each occurrence.
    """

    number: int
    fault: Fault
    instrument: str | None = None
    variable: str | None = None
    spans: Spans = field(default_factory=lambda: np.empty((0, 2), np.int64))
    size: float = 0.0
    signs: Floats = field(default_factory=lambda: np.empty(0))


def assign(scenario: Scenario, instruments: Mapping[str, Instrument]) -> tuple[Planned, ...]:
    """Number the faults, one for each variable, and find the instrument of each.

    Raises
    ------
    ScenarioError
        A fault names an instrument of the simulator for a variable that it does not have.
    """
    found: list[Planned] = []
    for fault in scenario.faults:
        for variable in fault.variables or (None,):
            owner = fault.instrument if variable is None else _owner(fault, variable, instruments, scenario.name)
            known = owner if owner in instruments else None
            found.append(Planned(len(found) + 1, fault, known, variable))
    return tuple(found)


def _owner(fault: Fault, variable: str, instruments: Mapping[str, Instrument], scenario: str) -> str | None:
    owners = [name for name in INSTRUMENTS if variable in instruments[name].sensors]
    if fault.instrument is None:
        return owners[0] if owners else None
    if fault.instrument in instruments and fault.instrument not in owners:
        has = ", ".join(instruments[fault.instrument].sensors)
        raise ScenarioError(f"scenario {scenario!r}: {fault.kind}: {fault.instrument} has no {variable}, only {has}")
    return fault.instrument


def sigma(instrument: Instrument, variable: str, view: View, timeline: Timeline) -> float:
    """Robust standard deviation (1.4826 MAD) of a clean variable on the seafloor without tides and events.

    Parameters
    ----------
    instrument, variable
        Whose.
    view
        Any view of this instrument.
    timeline
        Its samples: up to 4,096 of them are taken, evenly spread over the seafloor phase.
    """
    stay = view.nature.phases
    first, last = timeline.sample_at(stay.descent), timeline.sample_at(stay.seafloor)
    count = min(_SIGMA_SAMPLES, max(last - first, 1))
    seconds = np.linspace(stay.descent, stay.seafloor, count + 2)[1:-1]
    tideless = View(replace(view.nature, tide_scale=0.0), view.instrument, 0, count, seconds, {})
    values = instrument.clean(tideless)[variable]
    deviation = np.abs(values - np.median(values, axis=0))
    return float(1.4826 * np.median(deviation))


def place(planned: Planned, timeline: Timeline, view: View, sigma_of: Callable[[str], float]) -> Planned:
    """Find the samples that a fault touches, and its size."""
    fault, seed = planned.fault, view.nature.seed
    start = fault.at * timeline.clock.duration
    one = np.array([[timeline.sample_at(start), timeline.count]], dtype=np.int64)
    if fault.kind == "spike":
        spans = _scatter(planned, timeline, view)
    elif fault.kind == "warmup":
        spans = _starts(fault, timeline)
    elif fault.kind == "duplicate":
        one[0, 1] = one[0, 0] + int(fault.number("samples"))
        spans = np.clip(one, 0, timeline.count)
    else:
        if "duration" in fault.parameters:
            one[0, 1] = timeline.sample_at(start + fault.number("duration"))
        spans = one
    size = 0.0
    if planned.variable is not None and "sigma" in fault.parameters:
        size = fault.number("sigma") * sigma_of(planned.variable)
    draw = uniform(seed, f"fault/{planned.number}/sign", len(spans))
    return replace(planned, spans=spans, size=size, signs=np.where(draw < 0.5, -1.0, 1.0))


def _scatter(planned: Planned, timeline: Timeline, view: View) -> Spans:
    """Anywhere on the seafloor, never so close that two spikes look like one."""
    count, width = int(planned.fault.number("count")), int(planned.fault.number("width"))
    stay = view.nature.phases
    first, last = timeline.sample_at(stay.descent), timeline.sample_at(stay.seafloor)
    room = last - first
    apart = min(width + 30, room // count)
    if apart <= width:
        raise ScenarioError(f"{count} spikes of {width} samples do not fit into {room} samples on the seafloor")
    draw = np.sort(uniform(view.nature.seed, f"fault/{planned.number}/place", count))
    starts = first + (draw * (room - count * apart)).astype(np.int64) + apart * np.arange(count)
    return np.stack([starts, starts + width], axis=1)


def _starts(fault: Fault, timeline: Timeline) -> Spans:
    every = fault.parameters.get("every")
    times = [0.0] if every is None else np.arange(0.0, timeline.clock.duration, float(every))
    starts = np.array([timeline.sample_at(float(time)) for time in times], dtype=np.int64)
    samples = int(fault.number("samples"))
    ends = np.minimum(starts + samples, np.append(starts[1:], timeline.count))
    return np.asarray(np.stack([starts, ends], axis=1)[ends > starts])


def overlapping(spans: Spans, first: int, last: int) -> list[tuple[int, int, int]]:
    """Occurrences that touch samples `first` to `last`: number of the occurrence, and its part of them."""
    low = int(np.searchsorted(spans[:, 1], first, side="right"))
    high = int(np.searchsorted(spans[:, 0], last, side="left"))
    return [(i, max(int(spans[i, 0]), first), min(int(spans[i, 1]), last)) for i in range(low, high)]


def disturb(columns: Columns, planned: Sequence[Planned], view: View, sensors: Mapping[str, Any]) -> dict[str, Any]:
    """Readings with all faults of values in them; the arguments stay as they are."""
    out = dict(columns)
    for item in planned:
        kernel = _KERNELS.get(item.fault.kind)
        if kernel is None:
            continue
        for number, low, high in overlapping(item.spans, view.first, view.last):
            for variable in _acts_on(item):
                values = np.array(out[variable], dtype=np.float64)
                part = slice(low - view.first, high - view.first)
                change = _Change(item, number, low, high, view.seconds[part], sensors[variable].noise, view, variable)
                values[part] = kernel(values[part], change)
                out[variable] = values
    return out


def _acts_on(item: Planned) -> tuple[str, ...]:
    if item.variable is not None:
        return (item.variable,)
    return ("pitch", "roll") if item.fault.kind == "tilt" else ()


@dataclass(frozen=True)
class _Change:
    """One occurrence of a fault within one view: samples `low` to `high`, at true `seconds`."""

    item: Planned
    occurrence: int
    low: int
    high: int
    seconds: Floats
    noise: float
    view: View
    variable: str

    @property
    def age(self) -> Floats:
        """Seconds since the scenario's `at`."""
        return self.seconds - self.item.fault.at * self.view.nature.duration

    def column(self, values: Floats, like: Floats) -> Floats:
        """Values by sample, shaped to go with values by sample and cell."""
        return values.reshape(-1, *[1] * (like.ndim - 1))


def _spike(values: Floats, change: _Change) -> Floats:
    return values + change.item.size * float(change.item.signs[change.occurrence])


def _step(values: Floats, change: _Change) -> Floats:
    return values + change.item.size


def _ramp(values: Floats, change: _Change) -> Floats:
    months = np.clip(change.age, 0.0, None) / _THIRTY_DAYS
    share = change.item.fault.number("percent_per_30_days") / 100.0
    exponential = change.item.fault.parameters["shape"] == "exponential"
    factor = (1.0 + share) ** months if exponential else 1.0 + share * months
    return np.asarray(values * change.column(factor, values))


def _saturation(values: Floats, change: _Change) -> Floats:
    return np.full_like(values, change.item.fault.number("level"))


def _noise(values: Floats, change: _Change) -> Floats:
    factor = change.item.fault.number("factor")
    width = values[0].size
    stream = f"{change.view.instrument}/fault/{change.item.number}"
    extra = white(change.view.nature.seed, stream, change.low, change.high, width).reshape(values.shape)
    return values + float(np.sqrt(factor**2 - 1.0)) * change.noise * extra


def _warmup(values: Floats, change: _Change) -> Floats:
    start = change.item.spans[change.occurrence, 0]
    samples = change.item.fault.number("samples")
    fade = np.exp(-3.0 * (np.arange(change.low, change.high) - start) / samples)
    return values + change.column(change.item.size * fade, values)


def _tilt(values: Floats, change: _Change) -> Floats:
    # Mostly about one axis, as when one foot sinks in.
    share = {"pitch": 0.8, "roll": 0.6}[change.variable]
    return np.asarray(values + share * change.item.fault.number("degrees"))


_KERNELS: Mapping[str, Callable[[Floats, _Change], Floats]] = {
    "spike": _spike, "step": _step, "ramp": _ramp, "saturation": _saturation, "noise": _noise, "warmup": _warmup,
    "tilt": _tilt,
}  # fmt: skip


def hold(raw: Columns, planned: Sequence[Planned], view: View, instrument: Instrument,
         raw_at: Callable[[int], Columns]) -> dict[str, NDArray[Any]]:  # fmt: skip
    """Raw columns in which stuck sensors repeat the counts of the first stuck sample; `raw_at(sample)` gives those."""
    out = dict(raw)
    for item in planned:
        if item.fault.kind != "stuck" or item.variable is None:
            continue
        for _, low, high in overlapping(item.spans, view.first, view.last):
            held = raw_at(int(item.spans[0, 0]))
            part = slice(low - view.first, high - view.first)
            for position, column in enumerate(instrument.sensors[item.variable].raw):
                values = np.array(out[column])
                values[part] = held[column][0]
                if item.fault.parameters["last_bit_noise"] and position == 0:
                    values[part] += _last_bit(view, item.number, low, high).reshape(-1, *[1] * (values.ndim - 1))
                out[column] = values
    return out


def _last_bit(view: View, number: int, low: int, high: int) -> NDArray[np.int64]:
    draw = white(view.nature.seed, f"{view.instrument}/bit/{number}", low, high)[:, 0]
    # A third each of -1, 0 and +1: the terciles of a Gaussian lie at 0.4307.
    return (draw > 0.4307).astype(np.int64) - (draw < -0.4307).astype(np.int64)


def fault_ids(planned: Sequence[Planned], variable: str, first: int, last: int) -> NDArray[np.int16]:
    """Id of the fault in each sample of a variable; of several, the shorter one's."""
    ids = np.zeros(last - first, dtype=np.int16)
    acting = [item for item in planned if variable in _acts_on(item)]
    for item in sorted(acting, key=lambda item: -int(np.diff(item.spans, axis=1).max(initial=0))):
        for _, low, high in overlapping(item.spans, first, last):
            ids[low - first : high - first] = item.number
    return ids
