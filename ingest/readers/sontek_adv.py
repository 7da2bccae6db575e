"""SonTek ADV velocimeters (ADVField, ADVOcean, Hydra): files of the recorder, `.adr`.

Each burst is under one checksum, so that a damaged one is lost as a whole. Statistics of a burst and the answer of a
CTD or LISST are not decoded. Built from the manual; not yet seen on a real file.
"""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from ingest import pages
from ingest.binary.pieces import Stretch
from ingest.framing import Frames, sound_frames
from ingest.ledger import Span
from ingest.reader import Reader
from ingest.sontek.adv_dataset import burst_variables, dataset_of
from ingest.sontek.adv_framing import BURST, HEADER_BYTES, RULE, sample_bytes
from ingest.sontek.adv_layout import CONFIGURATION_BYTES, RATES_PER_HERTZ, Layout, configuration, groups
from ingest.sontek.adv_samples import Samples, values_of
from ingest.sontek.frames import SYNC
from ingest.sontek.records import Form
from ingest.text import Bytes
from ingest.timecode import from_fields

_SECOND = 1_000_000
_CLOCK = ("year", "month", "day"), ("hour", "minute", "second")


def sniff(head: bytes, name: str) -> bool:
    """Claim a file with a sound burst in its first bytes, or with the configuration of an ADV at its start."""
    if configuration(head) is not None:
        return True
    return bytes((SYNC, BURST, HEADER_BYTES, 0)) in head and bool(sound_frames(head, RULE))


def _pieces(buffer: Bytes, frames: Frames, offset: int) -> tuple[list[tuple[Layout, Stretch]], list[Span]]:
    pieces, rejected = [], []
    for layout, same, samples, header in groups(buffer, frames.start, frames.length):
        day, clock = ([header[name] for name in names] for names in _CLOCK)
        hundredths = header["hundredths"].astype(np.int64)
        time, valid = from_fields((day[0], day[1], day[2]), (clock[0], clock[1], clock[2]), hundredths * 10_000)
        good = valid & (hundredths < 100)
        burst = frames.start[same]
        rejected += [Span(at + offset, frames.length, "impossible clock") for at in burst[~good].tolist()]
        if not good.any():
            continue
        size = sample_bytes(layout.recorded)
        columns = {name: _spread(values[good], samples) for name, values in burst_variables(header).items()}
        columns["time"] = _sum(time[good], _after(samples, layout.rate))
        columns |= values_of(Samples(buffer, burst[good] + HEADER_BYTES, samples, size), layout)
        start, length = _records(burst[good] + offset, samples, size, frames.length)
        pieces.append((layout, Stretch(start, length, columns)))
    return pieces, rejected


def _spread(values: NDArray[Any], samples: int) -> NDArray[Any]:
    """Give each sample the value of its burst."""
    spread = pages.empty((values.size, samples), values.dtype)
    spread[...] = values[:, None]
    return spread.reshape(-1)


def _sum(burst: NDArray[Any], sample: NDArray[Any]) -> NDArray[Any]:
    """Add what each burst and each sample in it has."""
    total = pages.empty((burst.size, sample.size), burst.dtype)
    np.add(burst[:, None], sample, out=total)
    return total.reshape(-1)


def _after(samples: int, rate: int) -> NDArray[np.timedelta64]:
    """Time of each sample after the burst's, to the microsecond: the clock is that of the first sample (page 97)."""
    return ((np.arange(samples) * _SECOND * RATES_PER_HERTZ + rate // 2) // rate).astype("timedelta64[us]")


def _records(
    burst: NDArray[np.int64], samples: int, size: int, length: int
) -> tuple[NDArray[np.int64], NDArray[np.int32]]:
    """First bytes and lengths of samples: the first of a burst holds its header, the last one its end."""
    first = HEADER_BYTES + size * np.arange(samples + 1)
    first[0], first[-1] = 0, length
    lengths = pages.empty((burst.size, samples), np.int32)
    lengths[...] = np.diff(first)
    return _sum(burst, first[:-1]), lengths.reshape(-1)


FORM = Form("samples", RULE, configuration, CONFIGURATION_BYTES, _pieces, dataset_of)

READER = Reader(
    name="sontek_adv",
    version=1,
    sniff=sniff,
    parse=FORM.parse,
    finish=FORM.finish,
    to_dataset=FORM.to_dataset,
    checksummed=True,
    views=True,
    instruments=("SonTek ADVField, ADVOcean, Hydra: files of the recorder (not yet seen on a real file)",),
)
