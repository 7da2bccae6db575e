"""Delimited text of any instrument, read as a YAML beside it declares: `<file>.format.yaml`, or `lander-format.yaml`.

A file that a declaration speaks for is read by this reader and no other, whatever it looks like. Times are given in
UTC, from the declared zone. Columns that the vocabulary has a name for come in its units; others are kept beside,
unnamed. Voltages of a Franatech METS become methane and temperature where its coefficients are given, in the
declaration or the deployment's configuration.

There is no checksum. A last line without line end counts where it ends as the first record does: with as many decimals,
or in a field of the same width. Else it may have been cut, and is rejected; of other records, too, only the line end
tells that the last number is whole, and belongs to them.
"""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import xarray as xr

from ingest.calibration import mets
from ingest.dataset import Values, assemble
from ingest.declared import declaration_files
from ingest.declared.lines import STREAM, State, parse_lines, variables_of
from ingest.reader import Beside, Calibration, Parsed, Reader, Records


def sniff(head: bytes, name: str) -> bool:
    """Claim nothing: only a declaration beside a file tells its format."""
    return False


def _describe(path: Path) -> State | None:
    """Declaration that speaks for a file, as the state to start with; see `Beside.describe`."""
    file = declaration_files.declaring(path)
    if file is None:
        return None
    declared = declaration_files.load(file)
    return State(declared, declared.header_lines)


def parse(block: bytes, offset: int, state: State) -> Parsed:
    """Lines to records; see `Reader.parse`."""
    return parse_lines(block, offset, state, final=False)


def finish(rest: bytes, offset: int, state: State) -> Parsed:
    """Last lines; see `Reader.finish`."""
    return parse_lines(rest, offset, state, final=True)


def to_dataset(records: Records, state: State, calibration: Calibration | None) -> Mapping[str, xr.Dataset]:
    """Values in the vocabulary's units; see `Reader.to_dataset`."""
    batch = records.batches[STREAM]
    variables, columns = variables_of(batch, state.declared)
    sheet = {**state.declared.calibration, **(calibration or {})}.get("methane")
    attributes = {"format_declaration": state.declared.file, **columns.attributes, **state.declared.attributes}
    if sheet is not None:
        variables |= _methane(variables, sheet)
    if state.declared.zone_name:
        attributes["time_zone"] = f"{state.declared.zone_name} in the file, UTC here"
    return {STREAM: assemble(batch, variables, batch.columns.get("time"), attributes)}


def _methane(variables: Mapping[str, Any], sheet: Mapping[str, float | str]) -> dict[str, Values]:
    """Methane and temperature of a METS from its two voltages, where both are there."""
    methane, temperature = (variables.get(name) for name in (mets.METHANE_VOLTAGE, mets.TEMPERATURE_VOLTAGE))
    if methane is None or temperature is None:
        return {}
    return mets.convert(methane, temperature, sheet)


READER = Reader(
    name="declared_text",
    version=1,
    sniff=sniff,
    parse=parse,
    finish=finish,
    to_dataset=to_dataset,
    instruments=("any text that a declaration beside it describes", "Franatech METS through a logger's voltages"),
    beside=Beside(
        _describe, declaration_files.deciding, declaration_files.is_declaration, declaration_files.mistakes_of
    ),
)
