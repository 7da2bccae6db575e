"""What stands beside the newer text that RBR's Ruskin exports: `<name>_metadata.txt`, JSON, tells `<name>_data.txt`.

Its `dataheader` names the columns in their order, with units; the table itself has names only. Time is the logger's
clock, taken as UTC.

References
----------
Files of Ruskin 2.18.1 (metadata, RBRconcerto3) and the head of a table (RBR BPR), as others published them.
"""

import json
import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from ingest.declared.clock_format import compile_part, zone_of
from ingest.declared.declaration import Column, Declaration
from ingest.declared.lines import State, to_columns
from ingest.errors import IngestError
from ingest.textual.columns import arrange, rbr_column
from ingest.yaml_lines import LARGEST_FILE, Mistake

DATA, METADATA = "_data.txt", "_metadata.txt"

_CLOCK = "%Y-%m-%d %H:%M:%S.%f"
_NAMES = re.compile(rb"(?:\xef\xbb\xbf)?(Time,[^\r\n]*)\r?\n")
_TIME = re.compile(rb"^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d\.\d{3},", re.MULTILINE)
_ATTRIBUTES = {"serial": "serial_number", "fwversion": "firmware"}


def is_table(head: bytes) -> bool:
    """Whether a file starts with names that Ruskin gives to columns, and has a time of its form under them, or ends."""
    return any(rbr_column(name, "").name is not None for name in names(head)[1:])


def names(head: bytes) -> list[str]:
    """Names of the columns, that of time first; none where no such table starts."""
    found = _NAMES.match(head)
    if found is None or not (found.end() == len(head) or _TIME.search(head, found.end())):
        return []
    return [name.strip() for name in found[1].decode("utf-8", "replace").split(",")]


def declaration(columns: Sequence[tuple[str, str]], attributes: Mapping[str, str]) -> Declaration:
    """Say what the table holds: time, then columns by name and unit."""
    measured = [rbr_column(name, unit) for name, unit in columns[1:]]
    return Declaration(
        file="", columns=(Column("time", columns[0][0]), *to_columns(arrange(measured))), header_lines=1,
        clock=(compile_part(_CLOCK),), zone=zone_of("UTC"), attributes=attributes,
    )  # fmt: skip


def is_metadata(name: str) -> bool:
    """Whether a file of this name is such metadata."""
    return name.endswith(METADATA)


def files(path: Path) -> tuple[Path, ...]:
    """Metadata of a table, where it is there."""
    beside = path.with_name(path.name.removesuffix(DATA) + METADATA)
    return (beside,) if path.name.endswith(DATA) and beside.is_file() else ()


def describe(path: Path) -> State | None:
    """State that the metadata of a table gives to start with; None without metadata of Ruskin.

    Raises
    ------
    IngestError
        It has mistakes.
    """
    for file in files(path):
        told, wrong = _read(file)
        if wrong:
            raise IngestError("the metadata of Ruskin has mistakes: " + "; ".join(map(str, wrong)), file=file)
        header = [(str(one["name"]), str(one.get("units", ""))) for one in told["dataheader"]]
        declared = declaration(header, _attributes(told))
        return State(declared, declared.header_lines)
    return None


def mistakes(path: Path) -> tuple[Mistake, ...]:
    """What is wrong with metadata."""
    return _read(path)[1]


def _attributes(told: Mapping[str, Any]) -> dict[str, str]:
    instrument, version = told.get("instrument"), told.get("version")
    about = instrument if isinstance(instrument, dict) else {}
    found = {ours: str(about[theirs]) for theirs, ours in _ATTRIBUTES.items() if theirs in about}
    if isinstance(version, dict) and "ruskin" in version:
        found["ruskin_version"] = str(version["ruskin"])
    model = str(about.get("model", "")).removeprefix("RBR").replace("\u00b3", "3")
    return {"instrument_model": f"RBR {model}".strip(), **found}


def _read(path: Path) -> tuple[dict[str, Any], tuple[Mistake, ...]]:
    try:
        with path.open("rb") as handle:
            told = json.loads(handle.read(LARGEST_FILE + 1).decode("utf-8-sig"))
    except OSError as error:
        return {}, (Mistake(1, "", f"cannot be read: {error.strerror}", "metadata that Ruskin exported"),)
    except (ValueError, RecursionError) as error:
        return {}, (Mistake(getattr(error, "lineno", 1), "", f"no JSON: {error}", "metadata that Ruskin exported"),)
    header = told.get("dataheader") if isinstance(told, dict) else None
    columns = [one for one in header if isinstance(one, dict) and "name" in one] if isinstance(header, list) else []
    if len(columns) < 2 or columns[0]["name"] != "Time":
        expected = "a list of columns with `name` and `units`, `Time` first"
        return {}, (Mistake(1, "dataheader", "no `Time`" if columns else "no columns", expected),)
    return {**told, "dataheader": columns}, ()
