"""Raw file -> parts: decode, set the clock right, pack, sort into months."""

import shutil
from collections.abc import Mapping
from dataclasses import astuple, dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import xarray as xr

import ingest
from ingest import vocabulary
from lander import catalog, clock, packing
from lander.deployment import ClockCheck
from lander.errors import UnwritableError
from lander.index import RawFile
from lander.stages.parts import PartWriter, Piece, work_folder
from lander.stages.remarks import Remarks, verdict

STAGE = "decode"
VERSION = 2

@dataclass(frozen=True)
class Job:
    """One raw file to decode.

    Attributes
    ----------
    root, raw
        The store, and the raw folder.
    found
        The file: path below `raw`, deployment, instrument.
    identity
        Its bytes, by digest.
    recipe
        Digest of all of the above and of the reader's version.
    """

    root: Path
    raw: Path
    found: catalog.Found
    identity: catalog.Identity
    recipe: str

    @property
    def window(self) -> tuple[int, int]:
        """Start and end of the deployment, us since 1970 UTC."""
        deployment = self.found.deployment
        return _microseconds(deployment.start), _microseconds(deployment.end)


def run(job: Job) -> RawFile:
    """Decode a raw file into parts and return its row of the index; a file that gives nothing says why.

    Raises
    ------
    UnwritableError
        Its samples cannot be kept.
    """
    folder = work_folder(job.root, job.recipe)
    shutil.rmtree(folder, ignore_errors=True)
    writer = PartWriter(folder)
    instrument = job.found.instrument
    remarks = Remarks(job.window)
    try:
        with ingest.BlockDecoder(job.raw / job.found.path, calibration=instrument.calibration.coefficients) as pieces:
            for streams in pieces:
                for stream, dataset in streams.items():
                    remarks.look_at(stream, dataset)
                    writer.add(stream, remarks.drop(_pack(dataset, instrument.clock_checks)))
            ledger = _ledger(pieces.ledger)
            reader, sha256 = f"{pieces.reader.name} {pieces.reader.version}", pieces.sha256
    except ingest.IngestError as error:
        return _quarantined(job, error.message)
    except OSError as error:
        reason = f"its samples cannot be kept in {folder}: {error.strerror or error}; free or mend the disk, run again"
        raise UnwritableError(f"{job.found.path}: {reason}") from error
    except Exception as error:  # one bad input never stops the others
        return _quarantined(job, f"{type(error).__name__}: {error}: a defect of its reader; report it with the file")
    if sha256 != job.identity.sha256:
        return _row(replace(job, recipe=""), failure=CHANGED)
    found = writer.summary()
    return _row(job, reader, found, {**ledger, **remarks.account()}, verdict(found, remarks))


CHANGED = "changed while it was read; run again when it is complete"


def _quarantined(job: Job, reason: str) -> RawFile:
    """The row of a file of which nothing could be taken: all of its bytes are rejected."""
    size = job.identity.size
    spans = [[0, size, reason]] if size else []
    none = {"bytes_accepted": 0, "bytes_skipped": 0, "expected_records": None}
    ledger = {**none, "bytes_rejected": size, "rejected": spans, "rejected_spans": len(spans)}
    return _row(job, ledger=ledger, failure=reason)


def _row(
    job: Job,
    reader: str = "",
    streams: Mapping[str, Any] | None = None,
    ledger: Mapping[str, Any] | None = None,
    failure: str | None = None,
) -> RawFile:
    found = job.found
    owner: tuple[Any, ...] = (found.deployment.id, found.instrument.name, found.priority)
    signs: tuple[Any, ...] = astuple(job.identity)
    content: tuple[Any, ...] = (reader, job.recipe, streams or {}, ledger or {}, failure)
    return RawFile(found.path, *signs, *owner, *content)


def relabel(row: RawFile, job: Job) -> RawFile:
    """The row of a file whose content and recipe stand, with the place and signs it has now."""
    return _row(job, row.reader, row.streams, row.ledger, row.failure)


def _microseconds(moment: np.datetime64) -> int:
    return int(moment.astype("datetime64[us]").astype(np.int64))


def _pack(dataset: xr.Dataset, checks: tuple[ClockCheck, ...]) -> Piece:
    if "time" not in dataset.coords:
        return Piece({"time": np.zeros(0, np.int64)}, {}, {}, {})
    instrument_time = dataset["time"].values.astype("datetime64[us]").astype(np.int64)
    corrected = clock.to_utc(instrument_time, checks)
    along: dict[str, Any] = {"time": corrected.time, "time_qc": corrected.time_qc}
    fixed: dict[str, Any] = {}
    dims: dict[str, tuple[str, ...]] = {}
    for name, variable in dataset.variables.items():
        if name == "time":
            continue
        text = str(name)
        dims[text] = tuple(map(str, variable.dims))
        values = variable.values
        if text in vocabulary.table():
            values, _ = packing.pack(text, values)
        (along if dims[text][:1] == ("time",) else fixed)[text] = values
    return Piece(along, fixed, dims, {str(name): value for name, value in dataset.attrs.items()})


def _ledger(ledger: ingest.Ledger) -> dict[str, Any]:
    return {
        "bytes_accepted": ledger.bytes_accepted,
        "bytes_skipped": ledger.bytes_skipped,
        "bytes_rejected": ledger.bytes_rejected,
        "rejected": [list(span) for span in ledger.rejected[:100]],
        "rejected_spans": len(ledger.rejected),
        "expected_records": ledger.expected_records,
    }
