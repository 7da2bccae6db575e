"""Drives one reader over one file's content and keeps its account: no reader can lose a byte unseen."""

from collections.abc import Generator, Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import xarray as xr

from ingest.errors import IngestError
from ingest.ledger import Ledger, LedgerBuilder, bounds
from ingest.reader import Calibration, Parsed, Reader, Records, Source
from ingest.text import Block

Pieces = Mapping[str, xr.Dataset]


class Drive:
    """One reader on its way through one file, or one member of an archive.

    Parameters
    ----------
    reader
        Of the file's format.
    where
        What errors call the file.
    calibration
        Coefficients by sensor and name; they replace those in the file.
    state
        What the reader starts with: None, or what stands in a file beside.
    """

    def __init__(self, reader: Reader, where: str | Path, calibration: Calibration | None, state: Any = None) -> None:
        self.reader = reader
        self.ledger: Ledger | None = None
        self._where = where
        self._calibration = calibration
        self._state = state
        self._account = LedgerBuilder()
        self._offset = 0

    def blocks(self, chunks: Iterator[Block]) -> Generator[Pieces, None, None]:
        """Yield the Datasets of block after block; `ledger` is known after the last."""
        rest = b""
        for chunk in chunks:
            block: Block = rest + chunk if rest else chunk
            consumed, pieces = self._step(block, self.reader.parse(block, self._offset, self._state))
            rest = bytes(block[consumed:])  # a view would keep the whole block
            if pieces:
                yield pieces
        size = self._offset + len(rest)
        consumed, pieces = self._step(rest, self.reader.finish(rest, self._offset, self._state))
        if consumed != len(rest):
            raise self._defect(f"left {len(rest) - consumed} of the last {len(rest)} bytes of the file")
        if pieces:
            yield pieces
        self.ledger = self._account.build(size, self.reader.expected(self._state))

    def whole(self, source: Source) -> Generator[Pieces, None, None]:
        """Yield the Datasets of a file that its reader opens itself; `ledger` is known after the last."""
        assert self.reader.whole is not None
        steps = self.reader.whole(source)
        while True:
            try:
                records, self._state = next(steps)
            except StopIteration:
                break
            except IngestError as error:
                raise self._located(error) from error
            self._account.add(0, records.skipped, records.rejected)
            pieces = self._to_datasets(records)
            if pieces:
                yield pieces
        spans = (*self._account.skipped, *self._account.rejected)
        self._account.bytes_accepted = source.size - sum(span.length for span in spans)
        if self._account.bytes_accepted < 0 or any(span.offset + span.length > source.size for span in spans):
            raise self._defect(f"gives up more than the {source.size} bytes of the file")
        self.ledger = self._account.build(source.size, self.reader.expected(self._state))

    def _step(self, block: Block, parsed: Parsed) -> tuple[int, Pieces]:
        records, consumed, self._state = parsed
        self._check(records, consumed, len(block))
        self._account.add(records.accepted, records.skipped, records.rejected)
        self._offset += consumed
        return consumed, self._to_datasets(records)

    def _to_datasets(self, records: Records) -> Pieces:
        batches = {stream: batch for stream, batch in records.batches.items() if batch.offset.size}
        if not batches:
            return {}
        try:
            return self.reader.to_dataset(Records(batches), self._state, self._calibration)
        except IngestError as error:
            raise self._located(error) from error

    def _check(self, records: Records, consumed: int, available: int) -> None:
        spans = (*records.skipped, *records.rejected)
        offset, length = bounds(spans)
        counted = records.accepted + int(length.sum())
        if counted != consumed or not 0 <= consumed <= available:
            raise self._defect(f"consumed {consumed} of {available} bytes and accounts for {counted}")
        outside = (offset < self._offset) | (length < 0) | (offset + length > self._offset + consumed)
        for place in np.flatnonzero(outside).tolist():
            raise self._defect(f"{spans[place]} lies outside the {consumed} bytes consumed")

    def _defect(self, what: str) -> RuntimeError:
        return RuntimeError(f"reader {self.reader.name!r} miscounts: at byte {self._offset} of {self._where} it {what}")

    def _located(self, error: IngestError) -> IngestError:
        """Give the same error with the whole path of the file; one about a file beside keeps that one's."""
        return type(error)(error.message, file=error.file or self._where, offset=error.offset)
