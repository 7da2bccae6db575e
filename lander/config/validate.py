"""Every mistake in an archive's configuration at once, each with its file and line."""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path

import qc.filler
from ingest import vocabulary
from lander import flag_log
from lander.config import cross_checks
from lander.config.coefficients import is_known, read_coefficients
from lander.config.domain import archive_to_domain, deployment_to_domain
from lander.config.file import Document, Mistake, read
from lander.config.flag_mistakes import flag_mistakes
from lander.config.models import ArchiveModel, CoefficientsModel, DeploymentModel
from lander.config.qc_rules import qc_mistakes
from lander.config.raw_files import raw_mistakes
from lander.config.schema import hold
from lander.deployment import ArchiveConfig
from lander.flag_lines import LOG_NAME
from lander.units import nearest

__all__ = ["Mistake", "examine", "validate"]

ARCHIVE_FILE = "archive.yaml"
DEPLOYMENTS = "deployments"


def validate(archive: Path, *, files: bool = True) -> list[Mistake]:
    """Find every mistake in an archive's configuration.

    Parameters
    ----------
    archive
        The folder with archive.yaml and deployments/.
    files
        Whether raw patterns are held against the raw folder too, and lines of the log of manual flags that have no
        effect count.

    Returns
    -------
    list
        Sorted by file and line; empty for an archive that can be run.
    """
    return examine(Path(archive), files=files)[0]


def examine(archive: Path, *, files: bool) -> tuple[list[Mistake], ArchiveConfig | None]:
    """Find every mistake, and give the configuration where there is none."""
    main = _read_archive(archive)
    deployments, mistakes = _read_deployments(archive)
    calibrations = _read_calibrations(archive, deployments)
    mistakes += [mistake for document in (main, *deployments, *calibrations.values()) for mistake in document.mistakes]

    found, archive_model = hold(main, ArchiveModel)
    mistakes += [*found, *_archive_mistakes(main)]
    models: list[DeploymentModel | None] = []
    for document in deployments:
        found, model = hold(document, DeploymentModel)
        models.append(model)
        mistakes += [*found, *cross_checks.deployment_mistakes(document, calibrations)]
    for document in calibrations.values():
        mistakes += hold(document, CoefficientsModel)[0]
    mistakes += cross_checks.archive_mistakes(main, deployments)
    flags = flag_log.read(archive)
    mistakes += flag_mistakes(flags, deployments, harmless=files)
    if files:
        mistakes += raw_mistakes(archive, main, deployments)

    if mistakes or archive_model is None:
        return sorted(set(mistakes), key=lambda item: (item.file, item.line, item.key, item.found)), None
    stays = tuple(deployment_to_domain(model, calibrations) for model in models if model is not None)
    return [], replace(archive_to_domain(archive, archive_model, stays), flags=flags)


def _read_archive(archive: Path) -> Document:
    if (archive / ARCHIVE_FILE).exists():
        return read(archive / ARCHIVE_FILE, ARCHIVE_FILE)
    if not archive.is_dir():
        found, expected = f"no such folder: {archive}", "the folder of an archive; `lander init` makes one"
    else:
        found, expected = "no such file", "the description of the archive; `lander init` writes a template"
    others = sorted(path.name for path in archive.glob("*.y*ml")) if archive.is_dir() else []
    return Document(
        ARCHIVE_FILE, mistakes=(Mistake(ARCHIVE_FILE, 1, "", found, expected, nearest(ARCHIVE_FILE, others)),)
    )


def deployment_files(archive: Path) -> list[Path]:
    """Files that describe deployments: *.yaml and *.yml that are not hidden."""
    folder = archive / DEPLOYMENTS
    found = [*folder.glob("*.yaml"), *folder.glob("*.yml")]
    return sorted(path for path in found if not path.name.startswith("."))


def _read_deployments(archive: Path) -> tuple[list[Document], list[Mistake]]:
    paths = deployment_files(archive)
    if not paths and archive.is_dir():
        expected = "one file for each deployment; copy deployments/example.yaml.template of `lander init`"
        return [], [Mistake(DEPLOYMENTS, 1, "", "no *.yaml file", expected)]
    return [read(path, f"{DEPLOYMENTS}/{path.name}") for path in paths], []


def configuration_files(archive: Path) -> list[str]:
    """Every file that people wrote about an archive, by its path from the archive's folder."""
    deployments, _ = _read_deployments(archive)
    named = [document.file for document in deployments]
    flags = [LOG_NAME] if (archive / LOG_NAME).exists() else []
    return [ARCHIVE_FILE, *named, *sorted(_read_calibrations(archive, deployments)), *flags]


def _read_calibrations(archive: Path, deployments: Sequence[Document]) -> dict[str, Document]:
    """Files of coefficients that exist, by the path the deployments name."""
    named: dict[str, Document] = {}
    for document in deployments:
        for instrument in document.keys("instruments"):
            file = document.text("instruments", instrument, "calibration", "file")
            if file and (archive / file).is_file() and is_known(file):
                named[file] = read_coefficients(archive / file, file)
    return named


def _archive_mistakes(main: Document) -> Iterator[Mistake]:
    """Names in archive.yaml that must exist elsewhere."""
    yield from qc_mistakes(main, ("qc",))
    for site in main.places("sites"):
        yield from qc_mistakes(main, (*site, "qc"))
    codes: dict[str, int] = {}
    for site in main.places("sites"):
        code, line = main.text(*site, "code"), main.line((*site, "code"))
        if code is not None and codes.setdefault(code, line) != line:
            yield main.mistake((*site, "code"), f"site {code!r} given twice, first in line {codes[code]}", "each once")
    for variable in main.keys("fill"):
        if variable not in vocabulary.table():
            near = nearest(variable, vocabulary.table())
            yield main.mistake(("fill", variable), f"unknown variable {variable!r}", "a name of the vocabulary", near)
        method = main.at("fill", variable, "method")
        if isinstance(method, str) and method not in qc.filler.discover():
            known = ", ".join(qc.filler.discover())
            yield main.mistake(("fill", variable, "method"), f"unknown fill method {method!r}", f"one of {known}",
                               nearest(method, qc.filler.discover()))  # fmt: skip
