"""A data logger that stamps the lines of its instruments: one text file a day, messages and noise around power."""

import numpy as np
from numpy.typing import NDArray

from .instrument import Encoded, View
from .noise import uniform
from .text import digits, literal

LATENCY_MS = 40
"""A line is stamped up to this late: the logger looks at its ports in turn."""

# Power-on noise as loggers record it: runs of '3', printable rubbish and bytes above 127.
_NOISE = np.frombuffer(b"333339;;7UUs\x9b\xb7\xb9\xdb\x93\xff\xf1\xfb\x99\x1b\xbb", dtype=np.uint8)


def stamp(clock: NDArray[np.int64], view: View) -> NDArray[np.int64]:
    """Milliseconds, with the logger's latency."""
    share = np.abs(view.noise("latency").astype(np.float64)) / 6.0
    return (clock // 1000 + (LATENCY_MS * np.clip(share, 0.0, 1.0)).astype(np.int64)) * 1000


def stamp_text(stamps: NDArray[np.int64]) -> NDArray[np.uint8]:
    """Characters of `YYYY/MM/DD HH:MM:SS.sss`, shape (n, 23), from microseconds since 1970."""
    moment = stamps.astype("datetime64[us]")
    days, which = np.unique(moment.astype("datetime64[D]"), return_inverse=True)
    text = np.array([str(day).replace("-", "/") for day in days], dtype="S10")
    rows = len(stamps)
    date = text.view(np.uint8).reshape(-1, 10)[which]
    milliseconds = stamps // 1000 % 86_400_000
    parts = [date, literal(" ", rows), digits(milliseconds // 3_600_000, 2), literal(":", rows),
             digits(milliseconds // 60_000 % 60, 2), literal(":", rows), digits(milliseconds // 1000 % 60, 2),
             literal(".", rows), digits(milliseconds % 1000, 3)]  # fmt: skip
    return np.concatenate(parts, axis=1)


def power_on(encoded: Encoded, moment: int, view: View, tag: str) -> Encoded:
    """Put the logger's message before the first line, and its tag and noise between the line's stamp and its data."""
    line = encoded.data[: encoded.ends[0]].tobytes()
    draw = uniform(view.nature.seed, f"{view.instrument}/power/{view.first}", 64)
    rubbish = _NOISE[(draw[: 24 + int(32 * draw[63])] * len(_NOISE)).astype(int)].tobytes()
    message = _stamp(moment - 3_500_000) + f" {tag}Instrument Started [Power On]\n".encode()
    # Seen in real logs: the first line after power-on has a tag, and noise up to its model number.
    return _replace_first(encoded, message + line[:24] + tag.encode() + rubbish + line[24:])


def power_off(encoded: Encoded, moment: int, tag: str) -> Encoded:
    """Put the logger's message after the last line."""
    message = np.frombuffer(_stamp(moment + 13_000) + f" {tag}Instrument Stopped [Power Off]\n".encode(), np.uint8)
    ends = encoded.ends.copy()
    ends[-1] += len(message)
    return Encoded(np.concatenate([encoded.data, message]), ends)


def _stamp(moment: int) -> bytes:
    return stamp_text(np.array([moment], dtype=np.int64)).tobytes()


def _replace_first(encoded: Encoded, line: bytes) -> Encoded:
    longer = len(line) - int(encoded.ends[0])
    rest = encoded.data[encoded.ends[0] :]
    return Encoded(np.concatenate([np.frombuffer(line, np.uint8), rest]), encoded.ends + longer)
