"""The one law of every reader, for any bytes at all: a result whose account adds up, or an IngestError."""

from pathlib import Path

import numpy as np

import ingest
from ingest.errors import IngestError
from tests.ingest.conftest import streams_equal


class BrokenLawError(AssertionError):
    """A reader did what none may; the message says what."""


def check(file: Path, block_bytes: int) -> ingest.Decoded | None:
    """Decode a file twice and hold the reader to the law.

    Parameters
    ----------
    file
        Any bytes.
    block_bytes
        For the second time: must change nothing.

    Returns
    -------
    Decoded or None
        None where the reader refuses the file.

    Raises
    ------
    BrokenLawError
        The account does not add up, or hangs on the blocks. Any other error comes through as it is.
    """
    whole = _decode(file)
    if whole is None:
        return None
    size = file.stat().st_size
    if not whole.ledger.adds_up or whole.ledger.bytes_total != size:
        raise BrokenLawError(f"{size} bytes, of which the ledger knows {whole.ledger.bytes_total}")
    for stream, dataset in whole.streams.items():
        infinite = [name for name, one in dataset.data_vars.items() if one.dtype.kind == "f" and np.isinf(one).any()]
        if infinite:
            raise BrokenLawError(f"{stream}: infinite values of {infinite[0]}")
    other = _decode(file, block_bytes=block_bytes)
    if other is None or other.ledger != whole.ledger or not streams_equal(other, whole):
        raise BrokenLawError(f"blocks of {block_bytes} bytes give other records or another ledger")
    return whole


def _decode(file: Path, **options: int) -> ingest.Decoded | None:
    try:
        return ingest.decode(file, **options)
    except IngestError:
        return None
