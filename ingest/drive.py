"""Drives one reader over one file's content and keeps its account: no reader can lose a byte unseen."""

from collections.abc import Generator, Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import xarray as xr

from ingest.errors import IngestError
from ingest.ledger import Ledger, LedgerBuilder, Span, Spans
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
    lead
        Bytes at the start of the file that the reader is not shown: blank lines, or the mark of a text's byte order.
        It counts from the first byte behind them.
    """

    def __init__(
        self, reader: Reader, where: str | Path, calibration: Calibration | None, state: Any = None, lead: int = 0
    ) -> None:
        self.reader = reader
        self._lead = lead
        self.ledger: Ledger | None = None
        self._where = where
        self._calibration = calibration
        self._state = state
        self._account = LedgerBuilder()
        self._offset = 0

    def blocks(self, chunks: Iterator[Block]) -> Generator[Pieces, None, None]:
        """Yield the Datasets of block after block; `ledger` is known after the last."""
        rest = b""
        for chunk in self._behind_lead(chunks):
            block: Block = rest + chunk if rest else chunk
            consumed, pieces = self._step(block, self.reader.parse(block, self._offset, self._state))
            rest = bytes(block[consumed:])  # a view would keep the whole block
            if pieces:
                yield pieces
        size = self._lead + self._offset + len(rest)
        consumed, pieces = self._step(rest, self.reader.finish(rest, self._offset, self._state))
        if consumed != len(rest):
            raise self._defect(f"left {len(rest) - consumed} of the last {len(rest)} bytes of the file")
        if pieces:
            yield pieces
        self.ledger = self._account.build(size, self.reader.expected(self._state))

    def _behind_lead(self, chunks: Iterator[Block]) -> Iterator[Block]:
        if not self._lead:
            return chunks
        self._account.add(0, (Span(0, self._lead, "before the first line"),), ())
        return _without_first(chunks, self._lead)

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
        lost = self._account.build(source.size, self.reader.expected(self._state))
        accepted = source.size - lost.bytes_skipped - lost.bytes_rejected
        stops = [span.offset + span.length for span in (*lost.skipped, *lost.rejected)]
        if accepted < 0 or max(stops, default=0) > source.size:
            raise self._defect(f"gives up more than the {source.size} bytes of the file")
        self.ledger = replace(lost, bytes_accepted=accepted)

    def _step(self, block: Block, parsed: Parsed) -> tuple[int, Pieces]:
        records, consumed, self._state = parsed
        spans = Spans.joined((Spans.of(records.skipped), Spans.of(records.rejected)))
        self._check(records.accepted, spans, consumed, len(block))
        records = _moved(records, self._lead) if self._lead else records
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

    def _check(self, accepted: int, spans: Spans, consumed: int, available: int) -> None:
        counted = accepted + spans.total
        if counted != consumed or not 0 <= consumed <= available:
            raise self._defect(f"consumed {consumed} of {available} bytes and accounts for {counted}")
        inside = (spans.offset >= self._offset) & (spans.length >= 0)
        inside &= spans.offset + spans.length <= self._offset + consumed
        if not inside.all():
            span = spans[int(np.argmin(inside))]
            raise self._defect(f"{span} lies outside the {consumed} bytes consumed")

    def _defect(self, what: str) -> RuntimeError:
        return RuntimeError(f"reader {self.reader.name!r} miscounts: at byte {self._offset} of {self._where} it {what}")

    def _located(self, error: IngestError) -> IngestError:
        """Give the same error with the whole path of the file; one about a file beside keeps that one's."""
        return type(error)(error.message, file=error.file or self._where, offset=error.offset)


def _moved(records: Records, count: int) -> Records:
    """Records of a reader that does not know of so many bytes before those it saw."""
    batches = {stream: replace(batch, offset=batch.offset + count) for stream, batch in records.batches.items()}
    spans = (Spans.of(records.skipped), Spans.of(records.rejected))
    skipped, rejected = (replace(one, offset=one.offset + count) for one in spans)
    return replace(records, batches=batches, skipped=skipped, rejected=rejected)


def _without_first(chunks: Iterator[Block], count: int) -> Iterator[Block]:
    for chunk in chunks:
        if count < len(chunk):
            yield chunk[count:]
        count = max(0, count - len(chunk))
