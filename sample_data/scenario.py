"""Scenarios: what is to happen to a deployment, read from YAML without a mistake passing."""

import difflib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NoReturn

import numpy as np
import yaml

DEFAULT_START = np.datetime64("2016-09-08T00:00:00", "us")
DEFAULT_FILE = Path(__file__).with_name("scenarios.yaml")

Parameter = float | str | bool

VARIABLES = ("temperature", "conductivity", "pressure", "oxygen", "methane", "turbidity", "echo", "velocity_east",
             "velocity_north", "pitch", "roll", "heading", "salinity", "chlorophyll")  # fmt: skip
LATER_VARIABLES = ("ph", "carbon_dioxide", "raman", "wave_height")
INSTRUMENTS = ("ctd", "optode", "adcp", "methane", "eco", "signature", "rbr")
"""In this order they are asked for a variable that several have."""

LATER_INSTRUMENTS = ("carbon_dioxide", "ph", "current_meter", "wave_recorder", "raman", "camera", "sampler")
ALSO_CALLED = {"turbidity": "eco", "fluorometer": "eco"}
"""Other names that scenarios may use."""


class ScenarioError(ValueError):
    """A scenario cannot be used; the message names it and what would be right."""


@dataclass(frozen=True)
class Fault:
    """One fault of a scenario. `at` is a fraction of the deployment; `parameters` are the kind's own keys."""

    kind: str
    variables: tuple[str, ...] = ()
    instrument: str | None = None
    at: float = 0.0
    parameters: Mapping[str, Parameter] = field(default_factory=dict)

    def number(self, key: str) -> float:
        """One of the parameters, as a number."""
        return float(self.parameters[key])


@dataclass(frozen=True)
class Event:
    """One event: amplitudes by variable, and its shape (`duration` for a plateau, else rise and decay; seconds)."""

    kind: str
    at: float
    amplitudes: Mapping[str, float]
    rise: float = 0.0
    decay: float = 0.0
    lag: Mapping[str, float] = field(default_factory=dict)
    duration: float | None = None


@dataclass(frozen=True)
class Scenario:
    """A deployment to simulate: `period` and `intervals` in seconds, `start` in UTC.

    `instruments` are those aboard, beside those to which something happens; None for the standard ones.
    """

    name: str
    days: float
    period: float
    tide_scale: float = 1.0
    faults: tuple[Fault, ...] = ()
    events: tuple[Event, ...] = ()
    start: np.datetime64 = DEFAULT_START
    intervals: Mapping[str, float] = field(default_factory=dict)
    instruments: tuple[str, ...] | None = None

    def __post_init__(self) -> None:
        """Refuse what no instrument could do."""
        if self.days <= 0:
            raise ScenarioError(f"scenario {self.name!r}: days is {self.days!r}, expected more than 0")
        for name, seconds in {"period": self.period, **self.intervals}.items():
            if seconds < 1 or seconds != round(seconds):
                where = f"scenario {self.name!r}: {name}"
                raise ScenarioError(f"{where} is {seconds:g} s, expected whole seconds, as a CTD stamps")

    @property
    def clean(self) -> bool:
        """Whether nothing happens."""
        return not self.faults and not self.events

    @property
    def duration(self) -> float:
        """Seconds from deck to deck."""
        return self.days * 86_400.0


@dataclass(frozen=True)
class _Kind:
    """Keys of one kind: required ones, and others with their default (None: absent)."""

    acts_on: str
    required: tuple[str, ...] = ()
    optional: Mapping[str, Parameter | None] = field(default_factory=dict)


_FAULTS = {
    "spike": _Kind("variable", ("count", "sigma"), {"width": 1}),
    "stuck": _Kind("variable", ("at", "duration"), {"last_bit_noise": False}),
    "step": _Kind("variable", ("at", "sigma")),
    "ramp": _Kind("variable", ("at", "percent_per_30_days"), {"shape": "linear"}),
    "saturation": _Kind("variable", ("at", "level", "duration")),
    "noise": _Kind("variable", ("at", "factor", "duration")),
    "warmup": _Kind("variable", ("samples", "sigma"), {"every": None}),
    "gap": _Kind("instrument", ("at", "duration")),
    "dead": _Kind("instrument", ("at",), {"duration": None}),
    "duplicate": _Kind("instrument", ("at", "samples")),
    "clock": _Kind("instrument", (), {"seconds_per_year": 0, "quadratic": 0, "step": 0, "step_at": 0.5}),
    "tilt": _Kind("instrument", ("at", "degrees"), {"instrument": "adcp"}),
    "truncated_file": _Kind("instrument", (), {"at": 0.5, "instrument": "optode"}),
    "midnight_split": _Kind("instrument", (), {"instrument": "optode"}),
}
_EVENTS = {
    "plume": _Kind("event", ("at", "variables", "rise", "decay"), {"lag": None}),
    "methane_only": _Kind("event", ("at", "amplitude", "rise", "decay")),
    "warm_anomaly": _Kind("event", ("at", "amplitude", "rise", "decay")),
    "turbidity_flow": _Kind("event", ("at", "amplitude", "rise", "decay")),
    "bubbles": _Kind("event", ("at", "echo_dB", "duration")),
}
_TARGETS = {"variable": ("variable", "variables", "instrument"), "instrument": ("instrument",), "event": ()}
_SCENARIO = ("name", "days", "period", "tide_scale", "start", "instruments", "intervals", "clean", "faults", "events")
_POSITIVE = ("count", "width", "samples", "duration", "every", "factor", "days", "period", "rise", "decay")


def load_scenarios(path: Path | str) -> tuple[Scenario, ...]:
    """Read a file of scenarios.

    Raises
    ------
    ScenarioError
        An unknown or missing key, kind, variable or instrument, or a value out of range; names file and scenario.
    """
    try:
        entries = yaml.safe_load(Path(path).read_text(encoding="utf-8"))
    except yaml.YAMLError as error:
        raise ScenarioError(f"{path}: not YAML: {error}") from error
    if not isinstance(entries, list):
        raise ScenarioError(f"{path}: expected a list of scenarios, found {type(entries).__name__}")
    try:
        scenarios = tuple(parse_scenario(entry) for entry in entries)
    except ScenarioError as error:
        raise ScenarioError(f"{path}: {error}") from None
    names = [scenario.name for scenario in scenarios]
    twice = sorted({name for name in names if names.count(name) > 1})
    if twice:
        raise ScenarioError(f"{path}: more than one scenario is named {', '.join(twice)}")
    return scenarios


def parse_scenario(entry: object) -> Scenario:
    """Check one entry and fill in the defaults."""
    if not isinstance(entry, dict) or not isinstance(entry.get("name"), str):
        raise ScenarioError(f"expected a mapping with a name, found {entry!r:.60}")
    where = f"scenario {entry['name']!r}"
    _known(entry, _SCENARIO, where)
    _present(entry, ("days", "period"), where)
    faults = tuple(_fault(item, where) for item in _items(entry, "faults", where))
    events = tuple(_event(item, where) for item in _items(entry, "events", where))
    if entry.get("clean") and (faults or events):
        raise ScenarioError(f"{where}: clean, and yet with faults or events: drop one of the two")
    return Scenario(
        entry["name"], _number(entry, "days", where), _number(entry, "period", where),
        _number(entry, "tide_scale", where, 1.0), faults, events, _start(entry.get("start"), where),
        _intervals(entry, where), _instruments(entry, where),
    )  # fmt: skip


def _intervals(entry: Mapping[str, Any], where: str) -> dict[str, float]:
    found = _numbers(entry.get("intervals") or {}, (*INSTRUMENTS, *ALSO_CALLED), f"{where}: intervals")
    return {ALSO_CALLED.get(name, name): seconds for name, seconds in found.items()}


def _instruments(entry: Mapping[str, Any], where: str) -> tuple[str, ...] | None:
    if entry.get("instruments") is None:
        return None
    names = _items(entry, "instruments", where)
    for name in names:
        _one_of(name, (*INSTRUMENTS, *ALSO_CALLED), f"{where}: instruments")
    if not names:
        raise ScenarioError(f"{where}: instruments is empty: name some, or leave the key out")
    return tuple(ALSO_CALLED.get(name, name) for name in names)


def _fault(item: object, where: str) -> Fault:
    kind, keys, where = _kind(item, _FAULTS, where, "fault")
    rule = _FAULTS[kind]
    variables = _variables(keys, where)
    instrument = keys.get("instrument", rule.optional.get("instrument"))
    if rule.acts_on == "variable" and not variables:
        raise ScenarioError(f"{where}: which variable? Give `variable:` or `variables:`")
    if rule.acts_on == "instrument" and instrument is None:
        raise ScenarioError(f"{where}: which instrument? Give `instrument:`, one of {', '.join(INSTRUMENTS)}")
    if instrument is not None:
        _one_of(instrument, (*INSTRUMENTS, *ALSO_CALLED, *LATER_INSTRUMENTS), f"{where}: instrument")
        instrument = ALSO_CALLED.get(instrument, instrument)
    own = {*rule.required, *rule.optional} - {"at", "instrument"}
    parameters = {key: _parameter(keys, key, rule.optional.get(key), where) for key in sorted(own)}
    at = _fraction(keys, "at", where, rule.optional.get("at"))
    if "step_at" in parameters:
        _fraction(parameters, "step_at", where, None)
    return Fault(kind, variables, instrument, at, {k: v for k, v in parameters.items() if v is not None})


def _event(item: object, where: str) -> Event:
    kind, keys, where = _kind(item, _EVENTS, where, "event")
    at = _fraction(keys, "at", where, None)
    if kind == "bubbles":
        return Event(kind, at, {"echo": _number(keys, "echo_dB", where)}, duration=_number(keys, "duration", where))
    rise, decay = _number(keys, "rise", where), _number(keys, "decay", where)
    if kind == "plume":
        known = VARIABLES + LATER_VARIABLES
        amplitudes = _numbers(keys["variables"], known, f"{where}: variables")
        lag = _numbers(keys.get("lag") or {}, tuple(amplitudes), f"{where}: lag")
        return Event(kind, at, amplitudes, rise, decay, lag)
    amplitude = _number(keys, "amplitude", where)
    acts_on = {"methane_only": "methane", "warm_anomaly": "temperature", "turbidity_flow": "turbidity"}[kind]
    amplitudes = {acts_on: amplitude}
    if kind == "turbidity_flow":
        amplitudes["echo"] = min(10.0, 0.5 * amplitude)
    return Event(kind, at, amplitudes, rise, decay)


def _kind(item: object, kinds: Mapping[str, _Kind], where: str, noun: str) -> tuple[str, dict[str, Any], str]:
    if not isinstance(item, dict) or not isinstance(item.get("kind"), str):
        raise ScenarioError(f"{where}: expected a {noun} with `kind:`, found {item!r:.60}")
    kind = item["kind"]
    _one_of(kind, tuple(kinds), f"{where}: {noun}")
    where = f"{where}: {kind}"
    rule = kinds[kind]
    _known(item, ("kind", *_TARGETS[rule.acts_on], *rule.required, *rule.optional), where)
    _present(item, rule.required, where)
    return kind, item, where


def _variables(keys: Mapping[str, Any], where: str) -> tuple[str, ...]:
    named = keys.get("variables", [])
    named = [*named] if isinstance(named, list) else [named]
    named += [keys["variable"]] if "variable" in keys else []
    for name in named:
        _one_of(name, VARIABLES + LATER_VARIABLES, f"{where}: variable")
    return tuple(named)


def _parameter(keys: Mapping[str, Any], key: str, default: Parameter | None, where: str) -> Any:
    if key not in keys:
        return default
    if key == "shape":
        _one_of(keys[key], ("linear", "exponential"), f"{where}: shape")
        return keys[key]
    if key == "last_bit_noise":
        if not isinstance(keys[key], bool):
            raise ScenarioError(f"{where}: {key} is {keys[key]!r}, expected true or false")
        return keys[key]
    return _number(keys, key, where)


def _number(keys: Mapping[str, Any], key: str, where: str, default: float | None = None) -> float:
    value = keys.get(key, default)
    if isinstance(value, bool) or not isinstance(value, int | float) or not np.isfinite(value):
        raise ScenarioError(f"{where}: {key} is {value!r}, expected a number")
    if key in _POSITIVE and value <= 0:
        raise ScenarioError(f"{where}: {key} is {value!r}, expected more than 0")
    if key == "factor" and value < 1:
        raise ScenarioError(f"{where}: {key} is {value!r}, expected at least 1: noise is only added")
    return float(value)


def _fraction(keys: Mapping[str, Any], key: str, where: str, default: Parameter | None) -> float:
    value = _number(keys, key, where, 0.0 if default is None else float(default))
    if not 0 <= value <= 1:
        raise ScenarioError(f"{where}: {key} is {value:g}, expected a fraction of the deployment, 0 to 1")
    return value


def _numbers(keys: object, known: tuple[str, ...], where: str) -> dict[str, float]:
    if not isinstance(keys, dict):
        raise ScenarioError(f"{where}: expected name: number pairs, found {keys!r:.60}")
    _known(keys, known, where)
    return {key: _number(keys, key, where) for key in keys}


def _items(entry: Mapping[str, Any], key: str, where: str) -> list[Any]:
    items = entry.get(key) or []
    if not isinstance(items, list):
        raise ScenarioError(f"{where}: {key}: expected a list, found {type(items).__name__}")
    return items


def _start(value: object, where: str) -> np.datetime64:
    if value is None:
        return DEFAULT_START
    try:
        start = np.datetime64(str(value).replace(" ", "T").removesuffix("Z").removesuffix("+00:00"), "us")
    except ValueError:
        raise ScenarioError(f"{where}: start is {value!r}, expected a time such as 2016-09-08T00:00:00") from None
    if start != start.astype("datetime64[s]"):
        raise ScenarioError(f"{where}: start is {value!r}, expected a whole second")
    return start


def _known(entry: Mapping[Any, Any], known: Iterable[str], where: str) -> None:
    for key in entry:
        _one_of(key, tuple(known), f"{where}: key")


def _present(entry: Mapping[str, Any], required: Iterable[str], where: str) -> None:
    missing = [key for key in required if key not in entry]
    if missing:
        raise ScenarioError(f"{where}: {', '.join(missing)} missing")


def _one_of(name: object, known: tuple[str, ...], where: str) -> None:
    if name not in known:
        _unknown(name, known, where)


def _unknown(name: object, known: tuple[str, ...], where: str) -> NoReturn:
    near = difflib.get_close_matches(str(name), known, n=1, cutoff=0.5)
    advice = f"did you mean {near[0]!r}?" if near else f"expected one of {', '.join(known)}"
    raise ScenarioError(f"{where} {name!r} is unknown: {advice}")
