"""Records of one layout from one part of a block, and how they are put together."""

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from ingest.ledger import Span
from ingest.text import Places

Columns = dict[str, NDArray[Any]]


class Stretch(NamedTuple):
    """Records of one kind and layout: first bytes in the file, lengths, and raw columns, each of shape (n, ...)."""

    offset: Places
    length: NDArray[np.int32]
    columns: Columns


def joined(stretches: Sequence[Stretch]) -> Stretch:
    """Put stretches with the same columns together, in file order."""
    if len(stretches) == 1:
        return stretches[0]
    offset = np.concatenate([stretch.offset for stretch in stretches])
    order = np.argsort(offset, kind="stable")
    length = np.concatenate([stretch.length for stretch in stretches])
    columns = {
        name: np.concatenate([stretch.columns[name] for stretch in stretches])[order] for name in stretches[0].columns
    }
    return Stretch(offset[order], length[order], columns)


def kept(stretch: Stretch, good: NDArray[np.bool_], reason: str) -> tuple[Stretch, list[Span]]:
    """Leave out some records, with the spans that say so."""
    if good.all():
        return stretch, []
    bad = np.flatnonzero(~good)
    spans = [Span(int(stretch.offset[row]), int(stretch.length[row]), reason) for row in bad]
    columns = {name: values[good] for name, values in stretch.columns.items()}
    return Stretch(stretch.offset[good], stretch.length[good], columns), spans
