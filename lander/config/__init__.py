"""What people write about an archive: loading it, and the quality control of its levels merged."""

from collections.abc import Mapping
from pathlib import Path
from typing import Literal, NoReturn

from lander.config.validate import examine
from lander.deployment import ArchiveConfig, Deployment, Instrument, QcRules
from lander.errors import ConfigError

__all__ = ["load", "merged_qc"]

_SHOWN = 5


def load(archive: Path) -> ArchiveConfig:
    """Read an archive's configuration.

    Parameters
    ----------
    archive
        The folder with archive.yaml and deployments/.

    Raises
    ------
    ConfigError
        Something is wrong; the first mistakes are named. What concerns the raw files (a pattern that matches none) is
        left to `lander validate` and to the catalog, for files may still come.
    """
    mistakes, config = examine(Path(archive), files=False)
    if config is None:
        _refuse(Path(archive), [str(mistake) for mistake in mistakes])
    return config


def _refuse(archive: Path, mistakes: list[str]) -> NoReturn:
    more = f"\n  and {len(mistakes) - _SHOWN} more" if len(mistakes) > _SHOWN else ""
    count = "one mistake" if len(mistakes) == 1 else f"{len(mistakes)} mistakes"
    listed = "\n  ".join(mistakes[:_SHOWN]) + more
    raise ConfigError(f"the configuration of {archive} has {count}:\n  {listed}\nrun `lander validate {archive}`")


def merged_qc(config: ArchiveConfig, deployment: Deployment, instrument: Instrument) -> QcRules:
    """Quality control of one instrument: the archive's, changed by its site, changed by the instrument.

    A parameter given nearer to the instrument wins; "off" takes a check out, and parameters after "off" put it back.
    """
    site = next((site for site in config.sites if site.code == deployment.site), None)
    merged: dict[str, dict[str, Mapping[str, object] | Literal["off"]]] = {}
    for rules in (config.qc, site.qc if site else {}, instrument.qc):
        for variable, checks in rules.items():
            into = merged.setdefault(variable, {})
            for check, params in checks.items():
                before = into.get(check, {})
                into[check] = "off" if params == "off" else {**({} if before == "off" else before), **params}
    return merged
