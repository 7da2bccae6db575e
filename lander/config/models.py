"""The models of the files that people write: what each key must be."""

from collections.abc import Callable
from functools import partial
from typing import Annotated, Any, Literal, TypeVar

import numpy as np
from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, PlainValidator, model_validator

from lander.config.identifiers import email_of, folder_name, licence_of, orcid_of, pattern_of, ror_of
from lander.deployment import CalibrationSource
from lander.units import UnfitError, quantity, time_of

Value = TypeVar("Value", float, int)


def _within(low: float | None, high: float | None, what: str) -> Callable[[Value], Value]:
    """Refuse numbers outside [low, high]."""

    def check(value: Value) -> Value:
        if (low is not None and value < low) or (high is not None and value > high):
            raise UnfitError(what)
        return value

    return check


def _positive(value: float) -> float:
    if value <= 0:
        raise UnfitError("more than 0")
    return value


def _measure(units: str, what: str) -> Any:
    """Return the validator of a quantity that cannot be negative."""
    return PlainValidator(lambda value: _within(0.0, None, what)(quantity(value, units)))


def _number(value: object) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float) or not np.isfinite(value):
        raise UnfitError("a finite number")
    return float(value)


def _degrees(value: object, limit: float, towards: str) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float) or not np.isfinite(value):
        raise UnfitError(f"decimal degrees {towards} as a number, minus for the other side")
    return _within(-limit, limit, f"degrees {towards} from {-limit:g} to {limit:g}")(float(value))


def _cap(value: object) -> float:
    return 0.0 if value == "never" else _within(0.0, None, "a duration of 0 or more")(quantity(value, "s"))


def _serial(value: object) -> str:
    if isinstance(value, int) and not isinstance(value, bool):
        return str(value)
    if isinstance(value, str) and value.strip():
        return value.strip()
    raise UnfitError("a serial number; write it in quotes")


def _raw_list(value: object) -> object:
    """Allow one pattern without a list, and a pattern without its section."""
    entries = value if isinstance(value, list) else [value]
    return [{"pattern": entry} if isinstance(entry, str) else entry for entry in entries]


Text = Annotated[str, Field(min_length=1, pattern=r"\S")]
Name = Annotated[str, BeforeValidator(folder_name)]
Time = Annotated[Any, PlainValidator(time_of)]
Seconds = Annotated[float, PlainValidator(lambda value: _positive(quantity(value, "s")))]
Metres = Annotated[float, _measure("m", "0 m or more")]
Number = Annotated[float, PlainValidator(_number)]
Coefficients = dict[str, dict[str, float | str]]


class Section(BaseModel):
    """A section of a file: no unknown keys, no guessing at types, and a key left empty counts as absent."""

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True, allow_inf_nan=False)

    @model_validator(mode="before")
    @classmethod
    def _drop_empty(cls, value: Any) -> Any:
        return {key: item for key, item in value.items() if item is not None} if isinstance(value, dict) else value


class InstitutionModel(Section):
    """`institution:`."""

    name: Text
    edmo: Annotated[int, AfterValidator(_within(1, 99_999, "an EDMO code from 1 to 99999"))] | None = None
    ror: Annotated[str, BeforeValidator(ror_of)] | None = None


class PersonModel(Section):
    """One of `people:`."""

    name: Text
    role: Text
    email: Annotated[str, BeforeValidator(email_of)] | None = None
    orcid: Annotated[str, BeforeValidator(orcid_of)] | None = None


class SiteModel(Section):
    """One of `sites:`."""

    code: Name
    name: Text
    qc: dict[str, Any] = {}


class FillModel(Section):
    """One variable's rule under `fill:`."""

    method: Text = "linear"
    cap: Annotated[float, PlainValidator(_cap)]


class ArchiveModel(Section):
    """archive.yaml."""

    title: Text
    institution: InstitutionModel
    people: Annotated[list[PersonModel], Field(min_length=1)]
    licence: Annotated[str, BeforeValidator(licence_of)]
    project: Text | None = None
    sites: Annotated[list[SiteModel], Field(min_length=1)]
    raw: Text = "raw"
    fill: dict[str, FillModel] = {}
    qc: dict[str, Any] = {}


class PositionModel(Section):
    """`position:` of a deployment."""

    latitude: Annotated[float, PlainValidator(partial(_degrees, limit=90.0, towards="north"))]
    longitude: Annotated[float, PlainValidator(partial(_degrees, limit=180.0, towards="east"))]
    uncertainty_m: Metres | None = None
    source: Text | None = None


class DisturbanceModel(Section):
    """One of `disturbances:`."""

    start: Time
    end: Time
    reason: Text
    instruments: list[str] = []


class ReferenceModel(Section):
    """One of `references:`."""

    time: Time
    variable: str
    value: Number
    units: str
    uncertainty: Annotated[float, PlainValidator(lambda value: _positive(_number(value)))]
    source: Text


class ClockCheckModel(Section):
    """One of an instrument's `clock_checks:`."""

    instrument: Time
    utc: Time
    source: Text | None = None


class RawModel(Section):
    """One of an instrument's `raw:`."""

    pattern: Annotated[str, BeforeValidator(pattern_of)]
    delivery: Literal["recovered", "telemetered"] = "recovered"


class CalibrationModel(Section):
    """`calibration:` of an instrument."""

    source: CalibrationSource
    file: Text | None = None
    coefficients: Annotated[Coefficients, Field(min_length=1)] | None = None


class CoefficientsModel(Section):
    """A file of calibration coefficients: sensor -> the maker's name of the coefficient -> value."""

    model_config = ConfigDict(extra="allow")
    __pydantic_extra__: dict[str, dict[str, float | str]]


def _reference(value: object) -> object:
    # YAML reads the word true as yes.
    return "true" if value is True else value


class DopplerModel(Section):
    """`doppler:` of a current meter."""

    heading_reference: Annotated[Literal["magnetic", "true"], BeforeValidator(_reference)] | None = None
    sound_speed: Literal["in_situ", "recorded"] | None = None
    orientation: Literal["up", "down"] | None = None
    coordinate_system: Literal["instrument", "earth"] | None = None
    bin_mapping: bool = True


class InstrumentModel(Section):
    """One of `instruments:`."""

    model: Text
    serial: Annotated[str, PlainValidator(_serial)]
    raw: Annotated[list[RawModel], BeforeValidator(_raw_list), Field(min_length=1)]
    height_above_seafloor: Metres | None = None
    sampling_interval: Seconds | None = None
    pressure_reference: Literal["gauge", "absolute"] | None = None
    doppler: DopplerModel = DopplerModel()
    calibration: CalibrationModel = CalibrationModel(source="header")
    clock_checks: list[ClockCheckModel] = []
    settings: dict[str, Number] = {}
    response_times: dict[str, Seconds] = {}
    codes: dict[str, Text] = {}
    qc: dict[str, Any] = {}


class DeploymentModel(Section):
    """One file of deployments/."""

    id: Name
    site: str
    platform: Text
    start: Time
    end: Time
    position: PositionModel
    water_depth: Annotated[float, PlainValidator(
        lambda value: _within(0.0, 11_500.0, "a depth from 0 to 11500 m, positive downwards")(quantity(value, "m"))
    )] | None = None
    touchdown: Time | None = None
    liftoff: Time | None = None
    disturbances: list[DisturbanceModel] = []
    references: list[ReferenceModel] = []
    primary: dict[str, str] = {}
    instruments: Annotated[dict[Name, InstrumentModel], Field(min_length=1)]
