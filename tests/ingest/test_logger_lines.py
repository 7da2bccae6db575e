"""Logs of a logger: what the first 64 KiB tell about the rest, also where they hold no record."""

import numpy as np
import pytest

from ingest.reader import HEAD_BYTES
from tests.ingest.conftest import streams_equal

OPTODE = b"4831\t999\t%d.766\t28.172\t3.861\t47.345\t47.345\t55.746\t8.400\t736.8\t729.7\t523.9"
ECO = b"12/31/13\t23:59:45\t700\t%d\t695\t143\t460\t84\t554"
CTD = b"# 13.%04d,  3.85260,    7.128,   31.9998, 23 Nov 2013 00:00:00"
LINES = {"dosta": ("aanderaa_optode", OPTODE), "flort": ("wetlabs_eco", ECO), "ctdbp": ("sbe16plus_dcl", CTD)}


def log(tag: str, silent: int, records: int, size: int) -> bytes:
    """Messages of the logger, as many bytes at least, then records, of which every fifth has a message before it."""
    message = b"2013/11/23 00:00:%02d.000 [" + tag.encode() + b":DLOGP2]:Instrument Started [Power On]\n"
    head = b"".join(message % (number % 60) for number in range(silent))
    assert len(head) >= size
    form = LINES[tag][1]
    lines = [b"2013/11/23 01:%02d:%02d.000 " % divmod(number, 60) + form % (200 + number) + b"\r\n"
             for number in range(records)]  # fmt: skip
    return head + b"".join(message % 1 * (number % 5 == 0) + line for number, line in enumerate(lines))


@pytest.mark.parametrize("tag", LINES)
@pytest.mark.parametrize(("silent", "size"), [(2, 0), (1400, HEAD_BYTES), (8000, 6 * HEAD_BYTES)])
@pytest.mark.parametrize("records", [1, 40, 1500])
def test_records_behind_a_silent_head_are_read(tag, silent, size, records, decode_bytes):
    content = log(tag, silent, records, size)
    name = f"20131123.{tag}.log"
    whole = decode_bytes(content, name)
    assert whole.reader == LINES[tag][0]
    (dataset,) = whole.streams.values()
    assert dataset.sizes["time"] == records
    assert (np.diff(dataset["source_offset"].values) > 0).all()
    assert whole.ledger.bytes_rejected == 0
    assert whole.ledger.bytes_accepted + whole.ledger.bytes_skipped == len(content)
    for block in (1000, HEAD_BYTES - 1, HEAD_BYTES + 77, 200_000):
        other = decode_bytes(content, name, block_bytes=block)
        assert other.ledger == whole.ledger
        assert streams_equal(other, whole)


@pytest.mark.parametrize("tag", LINES)
def test_a_log_without_a_record_has_no_stream_and_loses_no_byte(tag, decode_bytes):
    content = log(tag, 1400, 0, HEAD_BYTES)
    whole = decode_bytes(content, f"20131123.{tag}.log")
    assert not whole.streams
    assert whole.ledger.bytes_skipped == len(content)
