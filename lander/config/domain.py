"""From the models of people's files to the frozen domain objects."""

from collections.abc import Mapping
from pathlib import Path

from ingest import vocabulary
from lander import deployment as domain
from lander.config.file import Document
from lander.config.models import ArchiveModel, CalibrationModel, DeploymentModel, InstrumentModel, ReferenceModel
from lander.config.qc_rules import rules_of
from lander.units import convert

_HOUR = 3600.0
_VELOCITIES = {f"{direction}_sea_water_velocity" for direction in ("eastward", "northward", "upward")}


def default_fill() -> dict[str, domain.FillRule]:
    """Caps of DESIGN: 6 h where the ocean is slow, 3 h for oxygen and velocity, none for what comes in events."""
    rules = {name: domain.FillRule("linear", 6 * _HOUR) for name in ("temperature", "practical_salinity", "pressure")}
    rules["oxygen_concentration"] = domain.FillRule("linear", 3 * _HOUR)
    for variable in vocabulary.table().values():
        if variable.standard_name in _VELOCITIES:
            rules[variable.name] = domain.FillRule("linear", 3 * _HOUR)
    return rules


def archive_to_domain(
    root: Path, model: ArchiveModel, deployments: tuple[domain.Deployment, ...]
) -> domain.ArchiveConfig:
    """Turn the model of archive.yaml into its domain object."""
    chosen = {name: domain.FillRule(rule.method, rule.cap) for name, rule in model.fill.items()}
    return domain.ArchiveConfig(
        root=root,
        raw=root / model.raw,
        title=model.title,
        institution=domain.Institution(model.institution.name, model.institution.edmo, model.institution.ror),
        people=tuple(domain.Person(who.name, who.role, who.email, who.orcid) for who in model.people),
        licence=model.licence,
        project=model.project,
        sites=tuple(domain.Site(site.code, site.name, rules_of(site.qc)) for site in model.sites),
        deployments=tuple(sorted(deployments, key=lambda item: (item.start, item.id))),
        fill=default_fill() | chosen,
        qc=rules_of(model.qc),
    )


def deployment_to_domain(model: DeploymentModel, calibrations: Mapping[str, Document]) -> domain.Deployment:
    """Turn the model of a deployment file into its domain object.

    Parameters
    ----------
    model
        Free of mistakes.
    calibrations
        Files of coefficients by the path that the model names.
    """
    return domain.Deployment(
        id=model.id,
        site=model.site,
        platform=model.platform,
        start=model.start,
        end=model.end,
        position=domain.Position(**model.position.model_dump()),
        instruments=tuple(
            _instrument(name, instrument, calibrations) for name, instrument in model.instruments.items()
        ),
        water_depth=model.water_depth,
        touchdown=model.touchdown,
        liftoff=model.liftoff,
        disturbances=tuple(
            domain.Disturbance(item.start, item.end, item.reason, tuple(item.instruments))
            for item in model.disturbances
        ),
        references=tuple(_reference(item) for item in model.references),
        primary=dict(model.primary),
    )


def _instrument(name: str, model: InstrumentModel, calibrations: Mapping[str, Document]) -> domain.Instrument:
    return domain.Instrument(
        name=name,
        model=model.model,
        serial=model.serial,
        raw=tuple(domain.RawPattern(item.pattern, item.delivery) for item in model.raw),
        height_above_seafloor=model.height_above_seafloor,
        sampling_interval=model.sampling_interval,
        pressure_reference=model.pressure_reference,
        doppler=domain.Doppler(**model.doppler.model_dump()),
        calibration=_calibration(model.calibration, calibrations),
        clock_checks=tuple(domain.ClockCheck(item.instrument, item.utc, item.source) for item in model.clock_checks),
        settings=dict(model.settings),
        response_times=dict(model.response_times),
        codes=dict(model.codes),
        qc=rules_of(model.qc),
    )


def _calibration(model: CalibrationModel, calibrations: Mapping[str, Document]) -> domain.Calibration:
    """Take the coefficients of the place that `source` names; those of the others stay out."""
    if model.source == "header":
        return domain.Calibration("header")
    written: Mapping[str, Mapping[str, float | str]] | None = model.coefficients
    if model.file is not None and (model.source != "configuration" or written is None):
        written = calibrations[model.file].data
    return domain.Calibration(model.source, {sensor: dict(values) for sensor, values in (written or {}).items()})


def _reference(model: ReferenceModel) -> domain.Reference:
    value, uncertainty = reference_value(model.variable, model.units, model.value, model.uncertainty)
    return domain.Reference(model.time, model.variable, value, uncertainty, model.source)


def reference_value(variable: str, units: str, value: float, uncertainty: float) -> tuple[float, float]:
    """Value and 1 sigma of a reference in the vocabulary's units.

    Raises
    ------
    UnfitError
        The units are unknown or of another quantity.
    """
    target = vocabulary.lookup(variable).units
    oxygen = variable.startswith("oxygen_concentration")
    return (
        convert(value, units, target, oxygen=oxygen),
        convert(uncertainty, units, target, oxygen=oxygen, difference=True),
    )
