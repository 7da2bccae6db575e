"""Comma-separated text (RFC 4180 quoting, UTF-8, lines end with a line feed), a data dictionary and a README."""

import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np
from numpy.typing import NDArray

from lander.exporter import Block, ExportColumn, Exporter, ExportError, ExportSeries
from qc.flags import FLAG_MEANINGS, FLAG_VALUES

Characters = NDArray[np.uint8]
"""ASCII or UTF-8 bytes of one column's cells, shape (rows, width); zero bytes are left out of the file."""

_ROWS = 65_536  # at 200 bytes a row, 13 MB at a time
_DAY = 86_400_000_000
_LARGEST = 2**62


def write(series: ExportSeries, out: Path) -> list[Path]:
    """Write a series, its data dictionary and a README.

    Parameters
    ----------
    series
        What to write.
    out
        An existing folder.

    Returns
    -------
    list of Path
        `<name>.csv`, `data_dictionary.csv` and `README.txt`, which replace older ones only when all is written.

    Raises
    ------
    ExportError
        A block lacks a column, or its columns differ in length; the files of before stay.
    """
    if not series.name or Path(series.name).name != series.name:
        raise ExportError(f"the series is named {series.name!r}; expected a file name without folders")
    names = (f"{series.name}.csv", "data_dictionary.csv", "README.txt")
    with _staged([out / name for name in names]) as (data, dictionary, readme):
        data.write(_line([column.name for column in series.columns]))
        for block in series.blocks:
            for rows in _pieces(block, series.columns):
                data.write(rows)
        dictionary.write(b"".join(map(_line, _dictionary(series.columns))))
        readme.write(_readme(series).encode())
    return [out / name for name in names]


@contextmanager
def _staged(targets: Sequence[Path]) -> Iterator[list[BinaryIO]]:
    """Open a hidden file beside each target, renamed to it only when all are complete."""
    hidden = [target.with_name(f".{target.name}.{os.getpid()}.partial") for target in targets]
    files: list[BinaryIO] = []
    try:
        files.extend(path.open("wb") for path in hidden)
        yield files
        for file in files:
            file.close()
        for path, target in zip(hidden, targets, strict=True):
            path.replace(target)
    finally:
        for file in files:
            file.close()
        for path in hidden:
            path.unlink(missing_ok=True)


def _pieces(block: Block, columns: Sequence[ExportColumn]) -> Iterator[bytes]:
    """Text of a block, some rows at a time."""
    missing = [column.name for column in columns if column.name not in block]
    if missing:
        raise ExportError(f"a block lacks the column {', '.join(missing)}")
    lengths = {len(values) for values in block.values() if not isinstance(values, str)}
    if len(lengths) != 1:
        raise ExportError(f"the columns of a block have {sorted(lengths)} rows; expected one length")
    total = lengths.pop()
    for start in range(0, total, _ROWS):
        rows = slice(start, min(start + _ROWS, total))
        yield _text([_cells(column, block[column.name], rows) for column in columns])


def _text(cells: Sequence[Characters]) -> bytes:
    rows = len(cells[0])
    parts: list[Characters] = []
    for cell in cells:
        parts += [np.full((rows, 1), ord(","), dtype=np.uint8), cell]
    table = np.concatenate([*parts[1:], np.full((rows, 1), ord("\n"), dtype=np.uint8)], axis=1)
    text: bytes = table[table != 0].tobytes()
    return text


def _cells(column: ExportColumn, values: NDArray[Any] | str, rows: slice) -> Characters:
    if isinstance(values, str):
        return _repeated(values, rows.stop - rows.start)
    piece = values[rows]
    if column.kind == "time":
        return _times(piece.astype(np.int64), column.decimals or 0)
    if column.kind == "text":
        return _texts(piece)
    if piece.dtype.kind != "f":
        return _decimal(piece.astype(np.int64), 0)
    return _numbers(piece, column.decimals)


def _numbers(values: NDArray[np.floating[Any]], decimals: int | None) -> Characters:
    """Floats as text: with a fixed number of digits after the point, or the shortest that reads back the same."""
    finite = np.isfinite(values)
    if decimals is not None:
        with np.errstate(over="ignore", invalid="ignore"):
            scaled = np.rint(values.astype(np.float64) * 10.0**decimals)
        if np.all(np.abs(scaled[finite]) < _LARGEST) and not np.isinf(values).any():
            return _decimal(np.where(finite, scaled, 0.0).astype(np.int64), decimals, finite)
    # bytes_ of a float is its shortest exact form; 32 hold any double.
    return _blanked(values.astype("S32").view(np.uint8).reshape(len(values), 32), ~np.isnan(values))


_FOUR = np.array([list(f"{number:04d}".encode()) for number in range(10_000)], dtype=np.uint8)


def _decimal(scaled: NDArray[np.int64], decimals: int, present: NDArray[np.bool_] | None = None) -> Characters:
    """Integers as text with the point before the last `decimals` digits."""
    size = np.abs(scaled)
    width = max(len(str(int(size.max(initial=0)))), decimals + 1)
    digits = _digits(size, width)
    for place in range(width - 1 - decimals):
        digits[size < 10 ** (width - 1 - place), place] = 0
    sign = np.where(scaled < 0, np.uint8(ord("-")), np.uint8(0))[:, np.newaxis]
    parts = [sign, digits[:, : width - decimals]]
    if decimals:
        parts += [np.full((len(scaled), 1), ord("."), dtype=np.uint8), digits[:, width - decimals :]]
    joined: Characters = np.concatenate(parts, axis=1)
    return joined if present is None else _blanked(joined, present)


def _digits(size: NDArray[np.int64], width: int) -> Characters:
    """Zero-padded digits, shape (rows, width), four at a time."""
    groups = []
    rest: NDArray[Any] = size.astype(np.uint32) if size.max(initial=0) < 2**32 else size
    for _ in range(-(-width // 4)):
        higher = rest // 10_000
        groups.append(_FOUR[rest - higher * 10_000])
        rest = higher
    return np.concatenate(groups[::-1], axis=1)[:, -width:].copy()


def _blanked(cells: Characters, present: NDArray[np.bool_]) -> Characters:
    return np.where(present[:, np.newaxis], cells, np.uint8(0))


_CLOCK = np.array(
    [list(f"T{second // 3600:02d}:{second // 60 % 60:02d}:{second % 60:02d}".encode()) for second in range(86_400)],
    dtype=np.uint8,
)


def _times(time: NDArray[np.int64], decimals: int) -> Characters:
    """ISO 8601 in UTC, the seconds with `decimals` digits (0 to 6) after the point, cut and not rounded."""
    day, of_day = np.divmod(time, _DAY)
    days, which = np.unique(day, return_inverse=True)
    dates = np.array(days, dtype="datetime64[D]").astype("S10").view(np.uint8).reshape(len(days), 10)
    second, micro = np.divmod(of_day, 1_000_000)
    parts = [dates[which], _CLOCK[second]]
    if decimals:
        point = np.full((len(time), 1), ord("."), dtype=np.uint8)
        parts += [point, _digits(micro // 10 ** (6 - decimals), decimals)]
    parts.append(np.full((len(time), 1), ord("Z"), dtype=np.uint8))
    joined: Characters = np.concatenate(parts, axis=1)
    return joined


def _texts(values: NDArray[Any]) -> Characters:
    if len(values) and np.all(values == values[0]):
        return _repeated(str(values[0]), len(values))
    different, which = np.unique(values.astype(str), return_inverse=True)
    encoded = [_quoted(str(text)).encode() for text in different]
    width = max(map(len, encoded), default=0)
    table = np.zeros((len(encoded), width), dtype=np.uint8)
    for row, text in enumerate(encoded):
        table[row, : len(text)] = list(text)
    return table[which]


def _repeated(text: str, rows: int) -> Characters:
    return np.broadcast_to(np.frombuffer(_quoted(text).encode(), dtype=np.uint8), (rows, len(_quoted(text).encode())))


def _quoted(text: str) -> str:
    """Cell of RFC 4180, section 2: quotes around commas, quotes and line ends, quotes doubled."""
    if "\x00" in text:
        raise ExportError(f"the text {text!r} holds a zero byte, which no CSV file can")
    return '"' + text.replace('"', '""') + '"' if any(mark in text for mark in ',"\r\n') else text


def _line(cells: Sequence[str]) -> bytes:
    return (",".join(map(_quoted, cells)) + "\n").encode()


_DICTIONARY = (
    "column", "variable", "standard_name", "units", "long_name", "description", "storage_step", "instruments", "method",
)  # fmt: skip

_KINDS = {
    "time": "ISO 8601, UTC",
    "number": "number; empty where there is no value",
    "flag": ", ".join(f"{value} {meaning}" for value, meaning in zip(FLAG_VALUES, FLAG_MEANINGS.split(), strict=True)),
    "text": "text",
}


def _dictionary(columns: Sequence[ExportColumn]) -> list[list[str]]:
    rows = [list(_DICTIONARY)]
    for column in columns:
        words = column.description or _KINDS[column.kind]
        text = [column.variable, column.standard_name, column.units, column.long_name, words, column.step]
        rows.append([column.name, *text, "; ".join(column.sources), column.method])
    return rows


def _readme(series: ExportSeries) -> str:
    facts = [f"{key}: {value}" for key, value in series.about.items()]
    lines = [
        *facts,
        *([""] if facts else []),
        f"Data: {series.name}.csv",
        "Columns: data_dictionary.csv says of each what it is, its units, and where it comes from.",
        "Encoding: UTF-8; fields quoted as in RFC 4180; times in UTC; an empty field is a missing value.",
    ]
    if any(column.kind == "flag" for column in series.columns):
        lines += ["", "Quality flags (OceanSITES reference table 2):"]
        meanings = zip(FLAG_VALUES, FLAG_MEANINGS.split(), strict=True)
        lines += [f"  {value}  {meaning.replace('_', ' ')}" for value, meaning in meanings]
    return "\n".join(lines) + "\n"


EXPORTER = Exporter(
    name="csv",
    version=1,
    description="comma-separated text with a data dictionary",
    write=write,
)
