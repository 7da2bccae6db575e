"""What people must know of a raw file although it was decoded: samples out of place, records without a clock, a serial
number that is not the configured one.
"""

import re
from typing import Any

import numpy as np
import xarray as xr

from lander.index import RawFile
from lander.stages.parts import Piece

MARGIN_US = 90 * 86_400_000_000
"""How long before and after the ship's work a sample's time is believed: bench tests and loggers left running."""


class Remarks:
    """Collects them while a file is decoded, and keeps samples whose time cannot belong to the deployment out.

    Parameters
    ----------
    window
        Start and end of the deployment, us since 1970 UTC.
    """

    def __init__(self, window: tuple[int, int]) -> None:
        self._start, self._end = window[0] - MARGIN_US, window[1] + MARGIN_US
        self._first, self._last = np.iinfo(np.int64).max, np.iinfo(np.int64).min
        self.timeless: dict[str, int] = {}
        self._serials: set[str] = set()
        self.outside = 0

    def look_at(self, stream: str, dataset: xr.Dataset) -> None:
        """Take one decoded piece."""
        if "serial_number" in dataset.attrs:
            self._serials.add(str(dataset.attrs["serial_number"]))
        if "time" not in dataset.coords:
            self.timeless[stream] = self.timeless.get(stream, 0) + dataset.sizes["scan"]

    def drop(self, piece: Piece) -> Piece:
        """The piece without samples far outside the deployment, which are counted."""
        time = piece.along["time"]
        inside = (time >= self._start) & (time < self._end)
        if inside.all():
            return piece
        away = time[~inside]
        self.outside += away.size
        self._first, self._last = min(self._first, int(away.min())), max(self._last, int(away.max()))
        kept = {name: values[inside] for name, values in piece.along.items()}
        return Piece(kept, piece.fixed, piece.dims, piece.attributes)

    def sentences(self) -> list[str]:
        """One line each; none where all is well."""
        lines = []
        if self.outside:
            lines.append(
                f"{self.outside} samples from {_second(self._first)} to {_second(self._last)} UTC are far outside the "
                "deployment and left out: correct its start and end, or give clock_checks for this instrument"
            )
        lines += [
            f"{count} records of {stream} have no clock and are not on the time axis: `ingest.read` gives them"
            for stream, count in sorted(self.timeless.items())
        ]
        return lines


    def account(self) -> dict[str, Any]:
        """What the index keeps of them."""
        return {"remarks": self.sentences(), "serial_numbers": sorted(self._serials)}


def remarks_of(row: RawFile, serial: str) -> str:
    """What people should know of a decoded file, its configured serial number in hand; "" for nothing."""
    others = [found for found in row.ledger.get("serial_numbers", ()) if not same_serial(found, serial)]
    lines = [
        f"its serial number is {found!r}, the configuration says {serial!r}: correct one of them" for found in others
    ]
    return "; ".join([*lines, *row.ledger.get("remarks", ())])


def same_serial(found: str, configured: str) -> bool:
    """Whether two serial numbers can be one: by their digits, leading zeros and model prefixes left out.

    "03716125" in a file is "16125" on its housing. A file that tells none contradicts none.
    """
    digits = [re.sub(r"\D", "", text).lstrip("0") for text in (found, configured)]
    return not all(digits) or digits[0].endswith(digits[1]) or digits[1].endswith(digits[0])


def _second(time_us: int) -> str:
    return str(np.datetime64(time_us, "us").astype("datetime64[s]"))


def verdict(streams: dict[str, Any], remarks: Remarks) -> str | None:
    """Why a file gave the store nothing; None where it gave something."""
    if remarks.timeless or any("months" in content for content in streams.values()):
        return None
    nothing = "no sample could be decoded: `lander inspect` shows what became of its bytes"
    return "; ".join(remarks.sentences()) or nothing
