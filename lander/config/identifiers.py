"""Names, codes and patterns of people's making: each is returned in one spelling, or refused with a reason."""

import re
from pathlib import PurePosixPath, PureWindowsPath

from lander.units import UnfitError, nearest

_FOLDER_NAME = re.compile(r"[a-z0-9][a-z0-9_-]{0,63}")
# Windows opens these as devices, with any extension: an archive with such a folder cannot be copied there.
_DEVICES = {"con", "prn", "aux", "nul"} | {f"{port}{digit}" for port in ("com", "lpt") for digit in range(1, 10)}


def folder_name(value: object) -> str:
    """Check a name that becomes a folder of the store."""
    expected = "a name for a folder: a-z, 0-9, _ and -, at most 64 of them, first a letter or digit"
    if not isinstance(value, str):
        raise UnfitError(expected + ("; put it in quotes" if isinstance(value, int | float) else ""))
    if _FOLDER_NAME.fullmatch(value) and value not in _DEVICES:
        return value
    safe = re.sub(r"[^a-z0-9_-]+", "_", value.strip().lower()).strip("_-")[:64]
    raise UnfitError(expected, safe if safe and safe not in _DEVICES else None)


LICENCES = (
    "CC0-1.0", "CC-BY-4.0", "CC-BY-SA-4.0", "CC-BY-NC-4.0", "CC-BY-NC-SA-4.0", "CC-BY-ND-4.0", "CC-BY-NC-ND-4.0",
    "CC-BY-3.0", "CC-BY-SA-3.0", "CC-BY-NC-3.0", "ODbL-1.0", "ODC-By-1.0", "PDDL-1.0", "CDLA-Permissive-2.0",
    "etalab-2.0", "OGL-UK-3.0", "OGL-Canada-2.0", "NLOD-2.0", "DL-DE-BY-2.0", "DL-DE-ZERO-2.0",
)  # fmt: skip
"""SPDX ids of licences for data."""


def licence_of(value: object) -> str:
    """Check a licence: one of `LICENCES`, or LicenseRef-... for one's own, as SPDX has it."""
    if isinstance(value, str) and (value in LICENCES or re.fullmatch(r"LicenseRef-[A-Za-z0-9.-]+", value)):
        return value
    near = nearest(value, LICENCES) if isinstance(value, str) else None
    raise UnfitError("the SPDX id of a licence for data, such as CC-BY-4.0", near)


def email_of(value: object) -> str:
    """Check the form of an e-mail address."""
    if isinstance(value, str) and re.fullmatch(r"[^@\s<>,;]+@[^@\s<>,;.]+(\.[^@\s<>,;.]+)+", value):
        return value
    raise UnfitError("an e-mail address such as name@institute.org")


_ROR = re.compile(r"(?:https://ror\.org/|ror\.org/)?(0[a-hj-km-np-tv-z0-9]{6})([0-9]{2})", re.IGNORECASE)
_ROR_DIGITS = "0123456789abcdefghjkmnpqrstvwxyz"


def ror_of(value: object) -> str:
    """Check a ROR id and return it as https://ror.org/...

    References
    ----------
    ROR documentation, "ROR identifier pattern": Crockford base 32 with a checksum after ISO/IEC 7064 (mod 97-10).
    """
    match = _ROR.fullmatch(value) if isinstance(value, str) else None
    if match is None:
        raise UnfitError("a ROR id such as https://ror.org/03yrm5c26")
    number = 0
    for character in match[1].lower():
        number = number * 32 + _ROR_DIGITS.index(character)
    if 98 - number * 100 % 97 != int(match[2]):
        raise UnfitError("a ROR id whose last two digits agree with the rest: look for a slip of the pen")
    return f"https://ror.org/{match[1].lower()}{match[2]}"


def orcid_of(value: object) -> str:
    """Check an ORCID iD and return its 16 digits with hyphens.

    References
    ----------
    ORCID support, "Structure of the ORCID Identifier": checksum after ISO/IEC 7064 (mod 11-2).
    """
    pattern = r"(?:https?://orcid\.org/)?((?:\d{4}-){3}\d{3}[\dX])"
    match = re.fullmatch(pattern, value) if isinstance(value, str) else None
    if match is None:
        raise UnfitError("an ORCID iD such as 0000-0002-1825-0097")
    digits = match[1].replace("-", "")
    total = 0
    for digit in digits[:-1]:
        total = (total + int(digit)) * 2
    check = (12 - total % 11) % 11
    if digits[-1] != ("X" if check == 10 else str(check)):
        raise UnfitError("an ORCID iD whose last digit agrees with the rest: look for a slip of the pen")
    return match[1]


def pattern_of(value: object) -> str:
    """Check a glob below the raw folder: it must not lead out of it."""
    expected = "a pattern below the raw folder such as ctd/*.hex"
    if not isinstance(value, str) or not value.strip() or any(ord(character) < 32 for character in value):
        raise UnfitError(expected)
    windows = PureWindowsPath(value)
    outside = ".." in windows.parts or value.startswith(("/", "~")) or bool(windows.drive)
    if outside:
        raise UnfitError(f"{expected}; `raw:` in archive.yaml may name another folder")
    if "\\" in value:
        raise UnfitError(f"{expected}, with / between folders", value.replace("\\", "/"))
    if any("**" in part and part != "**" for part in PurePosixPath(value).parts):
        raise UnfitError(f"{expected}; ** stands for folders and stands alone", value.replace("**", "**/*"))
    return value
