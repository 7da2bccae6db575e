"""The plan of quality control: which checks judge which variable, with which parameters."""

import difflib
import json
import math
import types
import typing
from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import MISSING, asdict, dataclass, fields, is_dataclass, replace
from typing import Any

from qc.check import RECORD, Check, VariableTraits, discover
from qc.errors import PlanError, PlanProblem

__all__ = ["Overrides", "Plan", "PlanError", "PlanProblem", "Planned", "VariableTraits"]

Overrides = Mapping[str, Mapping[str, object]]
"""variable -> check -> {parameter: value}, or "off" (YAML reads a bare `off` as False: taken as well)."""

REQUIRED = "required"
"""Beside the parameters of a check: whether flag 1 takes its pass."""

_KINDS = ("sensor", "profile", "record")


@dataclass(frozen=True)
class Planned:
    """One check of one variable."""

    check: str
    slot: int
    params: Any
    required: bool


@dataclass(frozen=True)
class Plan:
    """What is judged and how.

    Attributes
    ----------
    checks
        Planned checks by variable, in the order of their slots.
    """

    checks: Mapping[str, tuple[Planned, ...]]

    @classmethod
    def build(
        cls, overrides: Overrides, variables: Mapping[str, VariableTraits], *, known: Collection[str] = ()
    ) -> "Plan":
        """Join the checks' defaults with what people configured.

        Parameters
        ----------
        overrides
            Changes to the defaults; a check outside the default plan joins it by being named.
        variables
            The variables to judge, with what the defaults hang on; `RECORD` among them judges the record itself.
        known
            Names that may be configured although this record does not hold them.

        Raises
        ------
        PlanError
            Every unknown variable, check and parameter, with the nearest right one, and every wrong value.
        """
        names = [*variables, *known]
        problems = [PlanProblem((name,), _unknown("variable", name, names)) for name in overrides if name not in names]
        checks = {
            name: _plan_variable(name, traits, overrides.get(name, {}), problems) for name, traits in variables.items()
        }
        if problems:
            raise PlanError(tuple(problems))
        return cls(checks)

    @property
    def variables(self) -> tuple[str, ...]:
        """Names of the variables that have checks."""
        return tuple(self.checks)

    def for_variable(self, name: str) -> tuple[Planned, ...]:
        """Planned checks of one variable, in the order of their slots; none for one that the plan does not name."""
        return self.checks.get(name, ())

    def only(self, name: str) -> "Plan":
        """The part of the plan that judges one variable."""
        return Plan({name: self.for_variable(name)})

    def required(self, name: str) -> tuple[int, ...]:
        """Slots that must have passed for flag 1."""
        return tuple(planned.slot for planned in self.for_variable(name) if planned.required)

    def needs(self, name: str) -> tuple[str, ...]:
        """Names of the further variables that the checks of one variable read."""
        found = discover()
        needed = [need for planned in self.for_variable(name) for need in found[planned.check].needs(planned.params)]
        return tuple(dict.fromkeys(needed))

    def to_json(self) -> str:
        """The plan as text, the same for equal plans: for storing and for digests."""
        plan = {
            name: {
                planned.check: {**asdict(planned.params), REQUIRED: planned.required} for planned in self.checks[name]
            }
            for name in self.checks
        }
        return json.dumps(plan, sort_keys=True, separators=(",", ":"), allow_nan=False)

    @classmethod
    def from_json(cls, text: str) -> "Plan":
        """Read a plan that `to_json` wrote.

        Raises
        ------
        PlanError
            A check or parameter that this version does not have.
        """
        problems: list[PlanProblem] = []
        plan = {name: _plan_written(name, written, problems) for name, written in json.loads(text).items()}
        if problems:
            raise PlanError(tuple(problems))
        return cls(plan)


def _plan_written(name: str, written: Overrides, problems: list[PlanProblem]) -> tuple[Planned, ...]:
    candidates = _candidates(name)
    planned = [_plan_check(candidates, (name, check), setting, None, problems) for check, setting in written.items()]
    return _in_order(planned)


def _plan_variable(
    name: str, traits: VariableTraits, overrides: Mapping[str, object], problems: list[PlanProblem]
) -> tuple[Planned, ...]:
    candidates = _candidates(name)
    planned = []
    problems.extend(
        PlanProblem((name, check_name), _unknown("check", check_name, candidates))
        for check_name in overrides
        if check_name not in candidates
    )
    for check_name, check in candidates.items():
        setting = overrides.get(check_name, {})
        default = check.defaults(name, traits)
        # `is`: 0 == False, and 0 is a mistake.
        if setting == "off" or setting is False or (default is None and check_name not in overrides):
            continue
        planned.append(_plan_check(candidates, (name, check_name), setting, default, problems))
    return _in_order(planned)


def _candidates(variable: str) -> dict[str, Check]:
    """Checks that can judge a variable; those of times and of the platform can judge the record itself too."""
    kinds = ("record",) if variable == RECORD else _KINDS
    return {name: check for name, check in discover().items() if check.kind in kinds}


def _in_order(planned: Iterable[Planned | None]) -> tuple[Planned, ...]:
    return tuple(sorted((one for one in planned if one is not None), key=lambda one: one.slot))


def _plan_check(
    candidates: Mapping[str, Check],
    path: tuple[str, str],
    setting: object,
    default: Any | None,
    problems: list[PlanProblem],
) -> Planned | None:
    """One check with the given parameters over the defaults; None, and the reasons in `problems`, if they are wrong."""
    check = candidates.get(path[1])
    if check is None:
        problems.append(PlanProblem(path, _unknown("check", path[1], candidates)))
        return None
    if not isinstance(setting, Mapping):
        problems.append(PlanProblem(path, f'found {setting!r}, expected parameters or "off"'))
        return None
    values = dict(setting)
    required = values.pop(REQUIRED, check.required)
    before = len(problems)
    if not isinstance(required, bool):
        problems.append(PlanProblem((*path, REQUIRED), f"found {required!r}, expected true or false"))
    given = _typed(check.params, path, values, problems)
    absent = [] if default is not None else _without_default(check.params, given)
    problems.extend(PlanProblem((*path, name), "is missing, and has no default here") for name in absent)
    if len(problems) > before:
        return None
    try:
        params = check.params(**given) if default is None else replace(default, **given)
    except ValueError as error:
        problems.append(PlanProblem(path, str(error)))
        return None
    return Planned(check.name, check.slot, params, bool(required))


def _without_default(params: type[Any], given: Mapping[str, object]) -> list[str]:
    return [
        field.name
        for field in fields(params)
        if field.name not in given and field.default is MISSING and field.default_factory is MISSING
    ]


def _typed(
    params: type[Any], path: tuple[str, str], values: Mapping[str, object], problems: list[PlanProblem]
) -> dict[str, object]:
    hints = typing.get_type_hints(params)
    names = [field.name for field in fields(params)]
    typed: dict[str, object] = {}
    for name, value in values.items():
        if name not in names:
            problems.append(PlanProblem((*path, name), _unknown("parameter", name, [*names, REQUIRED])))
            continue
        try:
            typed[name] = _as_type(value, hints[name])
        except TypeError as error:
            problems.append(PlanProblem((*path, name), str(error)))
    return typed


def _as_type(value: object, hint: Any) -> object:
    """The value as a parameter's type; a whole number is a float too, true and false are no numbers."""
    origin, parts = typing.get_origin(hint), typing.get_args(hint)
    if origin in _COMPOUND:
        return _COMPOUND[origin](value, parts)
    if is_dataclass(hint):
        return _as_group(value, hint)
    if hint is type(None) and value is None:
        return None
    if hint is float and isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value):
        return float(value)
    if hint in (int, str, bool) and type(value) is hint:
        return value
    words = {float: "a finite number", int: "a whole number", str: "text", bool: "true or false", type(None): "nothing"}
    raise TypeError(f"found {value!r}, expected {words.get(hint, hint)}")


def _as_any(value: object, hints: tuple[Any, ...]) -> object:
    reasons = []
    for hint in hints:
        try:
            return _as_type(value, hint)
        except TypeError as error:
            reasons.append(str(error).partition("expected ")[2])
    raise TypeError(f"found {value!r}, expected {' or '.join(reasons)}")


def _as_tuple(value: object, parts: tuple[Any, ...]) -> tuple[object, ...]:
    if not isinstance(value, list | tuple):
        raise TypeError(f"found {value!r}, expected a list")
    hints = [parts[0]] * len(value) if len(parts) == 2 and parts[1] is Ellipsis else list(parts)
    if len(hints) != len(value):
        raise TypeError(f"found {len(value)} values, expected {len(hints)}")
    return tuple(_as_type(one, hint) for one, hint in zip(value, hints, strict=True))


def _as_choice(value: object, choices: tuple[Any, ...]) -> object:
    if value in choices:
        return value
    raise TypeError(f"found {value!r}, expected one of {', '.join(map(str, choices))}")


_COMPOUND: Mapping[Any, Callable[[object, tuple[Any, ...]], object]] = {
    types.UnionType: _as_any,
    typing.Union: _as_any,
    typing.Literal: _as_choice,
    tuple: _as_tuple,
}


def _as_group(value: object, hint: Any) -> object:
    """A mapping as the dataclass that groups some parameters."""
    if not isinstance(value, Mapping):
        raise TypeError(f"found {value!r}, expected {', '.join(field.name for field in fields(hint))}")
    problems: list[PlanProblem] = []
    typed = _typed(hint, ("", ""), value, problems)
    absent = [f"{name} is missing" for name in _without_default(hint, typed)]
    if problems or absent:
        raise TypeError("; ".join([*(f"{one.path[-1]}: {one.message}" for one in problems), *absent]))
    try:
        return hint(**typed)
    except ValueError as error:
        raise TypeError(str(error)) from error


def _unknown(kind: str, name: str, known: Iterable[str]) -> str:
    names = sorted(set(known))
    near = difflib.get_close_matches(str(name), names, n=1, cutoff=0.5)
    hint = f"did you mean {near[0]!r}?" if near else f"known are {', '.join(names)}"
    return f"no {kind} {name!r}; {hint}"
