"""From the raw files of a seafloor lander to quality-controlled time series, every value explained."""

from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from lander.archive import Archive

__version__ = "0.1.0"


def open(path: str | Path) -> "Archive":  # noqa: A001 - `lander.open` is what people type
    """Open an archive for reading.

    Parameters
    ----------
    path
        The archive's folder: it holds `archive.yaml`.

    Returns
    -------
    Archive
        Reads the configuration and the index only; series are read where they are looked at.

    Raises
    ------
    ConfigError
        The folder holds no archive, or its configuration has mistakes.
    """
    from lander.archive import Archive

    return Archive(Path(path))
