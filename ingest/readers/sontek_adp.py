"""SonTek ADP and pulse-coherent PC-ADP current profilers: binary files of the recorder and of the real-time software.

Profiles with a CTD, GPS or bottom track appended by the real-time software are of another length, which no real file at
hand shows: they are rejected.
"""

import numpy as np

from ingest.binary.pieces import Stretch, kept
from ingest.framing import Frames, sound_frames
from ingest.ledger import Span
from ingest.reader import Reader
from ingest.sontek.adp_dataset import dataset_of
from ingest.sontek.adp_framing import HEADER_BYTES, PROFILE, RULE
from ingest.sontek.adp_layout import CONFIGURATION_BYTES, Layout, configuration, groups
from ingest.sontek.frames import SYNC
from ingest.sontek.records import Form
from ingest.text import Bytes
from ingest.timecode import from_fields

_CLOCK = ("year", "day", "month", "minute", "hour", "hundredths", "second")


def sniff(head: bytes, name: str) -> bool:
    """Claim a file with a sound profile in its first bytes, or with the configuration of an ADP at its start."""
    if configuration(head) is not None:
        return True
    return bytes((SYNC, PROFILE, HEADER_BYTES, 0)) in head and bool(sound_frames(head, RULE))


def _pieces(buffer: Bytes, frames: Frames, offset: int) -> tuple[list[tuple[Layout, Stretch]], list[Span]]:
    pieces, rejected = [], []
    for layout, same, columns in groups(buffer, frames.start, frames.length, frames.kind):
        year, day, month, minute, hour, hundredths, second = (columns.pop(name) for name in _CLOCK)
        time, valid = from_fields((year, month, day), (hour, minute, second), hundredths.astype(np.int64) * 10_000)
        places = frames.start[same] + offset
        stretch = Stretch(places, np.full(same.size, frames.length, np.int32), {"time": time, **columns})
        good, bad = kept(stretch, valid & (hundredths < 100), "impossible clock")
        rejected += bad
        if good.offset.size:
            pieces.append((layout, good))
    return pieces, rejected


FORM = Form("profile", RULE, configuration, CONFIGURATION_BYTES, _pieces, dataset_of)

READER = Reader(
    name="sontek_adp",
    version=1,
    sniff=sniff,
    parse=FORM.parse,
    finish=FORM.finish,
    to_dataset=FORM.to_dataset,
    checksummed=True,
    views=True,
    instruments=("SonTek ADP", "SonTek PC-ADP, pulse coherent"),
)
