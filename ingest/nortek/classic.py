"""Records of Nortek's classic instruments: how they are framed, and where their fields lie.

References
----------
Nortek, System Integrator Manual (Aquadopp, Vector, AWAC), PSI00-0101: firmware data structures.
"""

import re
from collections.abc import Mapping
from typing import Any, NamedTuple

import numpy as np

from ingest.binary.checksums import Eights, word, word_sum
from ingest.binary.matrices import Place, fields
from ingest.compiled import compiled
from ingest.framing import CHECKSUM, CUT, HEADER_CUT, Found, FrameRule, Walked, end_of, note
from ingest.text import Bytes

SYNC = 0xA5
FIRST_SUM = 0xB58C
USER, HEAD, HARDWARE = 0x00, 0x04, 0x05
CONFIGURATIONS = (USER, HEAD, HARDWARE)
SAMPLE, SYSTEM, BURST_HEADER, ATTITUDE, PROBE_CHECK = 0x10, 0x11, 0x12, 0x71, 0x07

STREAMS = {
    0x01: "velocity",
    0x06: "diagnostics_header",
    PROBE_CHECK: "probe_check",
    SAMPLE: "velocity_samples",
    SYSTEM: "system",
    BURST_HEADER: "burst_header",
    0x20: "profile",
    0x21: "aquadopp_profile",
    0x2A: "high_resolution_profile",
    0x30: "wave_samples",
    0x31: "wave_header",
    0x36: "wave_samples_earth",
    ATTITUDE: "attitude",
    0x80: "diagnostics",
    0x81: "velocity_magnetometer",
}
"""Name of the stream of each record id; a further layout of the same id gets a number behind it."""

NOT_DECODED = (0x24, 0x42, 0x60, 0x61, 0x62, 0x63, 0x65)
"""Wave results that the instrument computed, and stage: framed, and told in the ledger."""

RECORD_BYTES = {
    USER: 512, HEAD: 224, HARDWARE: 48, 0x01: 42, 0x06: 36, SAMPLE: 24, SYSTEM: 28, BURST_HEADER: 42, 0x30: 24,
    0x31: 60, 0x36: 24, 0x80: 42, 0x81: 52,
}  # fmt: skip
_LEAST = {PROBE_CHECK: 10, 0x20: 120, 0x21: 32, 0x2A: 56, ATTITUDE: 50, **dict.fromkeys(NOT_DECODED, 10)}
_MOST = 4096  # a profile of 128 cells has 1,700 bytes, a check of the probe 910
_LONGEST = 16_384

HEADER_BYTES = 4

_SAMPLE_BYTES, _SYSTEM_BYTES = RECORD_BYTES[SAMPLE], RECORD_BYTES[SYSTEM]

_SAMPLE_START = np.uint64(SAMPLE << 8 | SYNC)
_SYSTEM_START = np.uint64(_SYSTEM_BYTES // 2 << 16 | SYSTEM << 8 | SYNC)
_WORDS, _SIXTEEN, _FIRST = np.uint64(0x0000_FFFF_0000_FFFF), np.uint64(0xFFFF), np.uint64(FIRST_SUM)
_BYTE, _WORD, _HALF, _STATED = np.uint64(8), np.uint64(16), np.uint64(32), np.uint64(48)
_ONE, _TWO, _SIX, _SEVEN, _EIGHT, _TWICE = (np.uint64(number) for number in (1, 2, 6, 7, 8, 16))
_LOW, _HEADER, _SYNC = np.uint64(0xFF), np.uint64(0xFFFF_FFFF), np.uint64(SYNC)
_SAMPLE_SIZE, _SYSTEM_SIZE, _CURRENT_SIZE = np.uint64(_SAMPLE_BYTES), np.uint64(_SYSTEM_BYTES), np.uint64(42)
_NONE, _TWENTY, _NO_HEADER = np.uint64(0), np.uint64(20), np.uint64(1 << 32)

# By record id; of an id that is not known no length is possible.
_SHORTEST, _MAXIMUM = np.ones(256, np.int64), np.zeros(256, np.int64)
for _kind, _size in RECORD_BYTES.items():
    _SHORTEST[_kind] = _MAXIMUM[_kind] = _size
for _kind, _size in _LEAST.items():
    _SHORTEST[_kind], _MAXIMUM[_kind] = _size, _LONGEST if _kind in NOT_DECODED else _MOST


@compiled
def _is_sample(first: np.uint64, second: np.uint64, third: np.uint64) -> bool:
    """Whether three times eight bytes are a good sample of a Vector.

    They are so short and so many that their sum is written out: half the time of the general one.
    """
    halves = (first & _WORDS) + (first >> _WORD & _WORDS) + (second & _WORDS) + (second >> _WORD & _WORDS)
    halves += (third & _WORDS) + (third >> _WORD & _SIXTEEN)
    wrong = (halves + (halves >> _HALF) + _FIRST) & _SIXTEEN != third >> _STATED
    return not (first & _SIXTEEN != _SAMPLE_START or wrong)


@compiled
def _is_system(first: np.uint64, second: np.uint64, third: np.uint64, ending: np.uint64) -> bool:
    """Whether three times eight bytes and the eight that end four bytes behind them are a good system record.

    One stands before each second's samples, in corpus 20141007.vel3d.log eight: the general way to one and back to the
    samples took an eighth of the search there.
    """
    halves = (first & _WORDS) + (first >> _WORD & _WORDS) + (second & _WORDS) + (second >> _WORD & _WORDS)
    halves += (third & _WORDS) + (third >> _WORD & _WORDS) + (ending >> _HALF & _SIXTEEN)
    wrong = (halves + (halves >> _HALF) + _FIRST) & _SIXTEEN != ending >> _STATED
    return not (first & _HEADER != _SYSTEM_START or wrong)


@compiled
def _stated_bytes(buffer: Bytes, at: int) -> int:
    """Bytes of the record whose header stands at `at`; 0 for an id that is not known or an impossible size."""
    kind = buffer[at + 1]
    # Vector velocities state no size.
    size = _SAMPLE_BYTES if kind == SAMPLE else 2 * word(buffer, at + 2)
    return size if _SHORTEST[kind] <= size <= _MAXIMUM[kind] else 0


@compiled
def _forty(numbers: Eights, place: np.uint64) -> np.uint64:
    """Sum of the words of forty bytes, in two halves: written out for an Aquadopp's records, which have 42."""
    first, second, third = numbers[place], numbers[place + _EIGHT], numbers[place + _TWICE]
    fourth, fifth = numbers[place + _EIGHT + _TWICE], numbers[place + _TWICE + _TWICE]
    even = (first & _WORDS) + (second & _WORDS) + (third & _WORDS) + (fourth & _WORDS) + (fifth & _WORDS)
    odd = (first >> _WORD & _WORDS) + (second >> _WORD & _WORDS) + (third >> _WORD & _WORDS)
    odd += (fourth >> _WORD & _WORDS) + (fifth >> _WORD & _WORDS)
    total: np.uint64 = even + odd
    return total


@compiled
def _sized(numbers: Eights, at: int, found: Found, frames: int) -> int:
    """Enter records of other kinds that follow each other from `at` on, and return how many rows there are then."""
    place, size, known, row = np.uint64(at), _TWO, _NO_HEADER, frames
    while place < np.uint64(numbers.size):
        first = numbers[place]
        if first & _HEADER != known:
            kind, size = np.int64(first >> _BYTE & _LOW), (first >> _WORD & _SIXTEEN) << _ONE
            sized = kind != SAMPLE and _SHORTEST[kind] <= np.int64(size) <= _MAXIMUM[kind]
            if row == len(found) or first & _LOW != _SYNC or not sized:
                break
            known = first & _HEADER
            found[row, 0], found[row, 1], found[row, 2] = place, np.int64(size) << 8 | kind, 0
            row += 1
        end = place + size - _TWO
        if end + _TWO > np.uint64(numbers.size) + _SEVEN:
            break
        halves, ending = _FIRST, numbers[end - _SIX]
        if size == _CURRENT_SIZE:
            halves, place = halves + _forty(numbers, place), end
        while place + _EIGHT <= end:
            number = numbers[place]
            halves += (number & _WORDS) + (number >> _WORD & _WORDS)
            place += _EIGHT
        if place < end:
            number = ending << _WORD >> _EIGHT * (_EIGHT - (end - place))
            halves += (number & _WORDS) + (number >> _WORD & _WORDS)
        if (halves + (halves >> _HALF)) & _SIXTEEN != ending >> _STATED:
            break
        found[row - 1, 2] += 1
        place = end + _TWO
    return row - 1 if row > frames and found[row - 1, 2] == 0 else row


@compiled
def _follow(numbers: Eights, at: int, found: Found, frames: int) -> int:
    """Enter good records that follow each other from `at` on, and return how many rows there are then."""
    # What is asked of each record takes numbers: a call with an array costs as much as a few samples, and with runs of
    # eight a third of the search.
    place, size, form = np.uint64(at), _NONE, 0
    behind_sample, behind_system = np.uint64(max(0, numbers.size - 16)), np.uint64(max(0, numbers.size - 20))
    while frames < len(found) and place < np.uint64(numbers.size):
        begun, kind = place, numbers[place] & _SIXTEEN
        if kind == _SAMPLE_START:
            size, form = _SAMPLE_SIZE, _SAMPLE_BYTES << 8 | SAMPLE
            while place < behind_sample and _is_sample(
                numbers[place], numbers[place + _EIGHT], numbers[place + _TWICE]
            ):
                place += _SAMPLE_SIZE
        elif kind == _SYSTEM_START & _SIXTEEN:
            size, form = _SYSTEM_SIZE, _SYSTEM_BYTES << 8 | SYSTEM
            while place < behind_system and _is_system(
                numbers[place], numbers[place + _EIGHT], numbers[place + _TWICE], numbers[place + _TWENTY]
            ):
                place += _SYSTEM_SIZE
        if place > begun:
            found[frames, 0], found[frames, 1], found[frames, 2] = begun, form, (place - begun) // size
            frames += 1
            continue
        sized = _sized(numbers, int(np.int64(place)), found, frames)
        if sized == frames:
            break
        frames, place = sized, np.uint64(end_of(found, sized - 1))
    return frames


@compiled
def walk(buffer: Bytes, numbers: Eights, at: int, last: bool, found: Found, faults: Found) -> Walked:
    """Find records; see `ingest.framing.Walk`."""
    frames = damaged = 0
    while at < buffer.size and frames < len(found) and damaged < len(faults):
        if buffer[at] != SYNC:
            at += 1
            continue
        followed = _follow(numbers, at, found, frames)
        if followed > frames:
            frames, at = followed, end_of(found, followed - 1)
            continue
        left = buffer.size - at
        size = HEADER_BYTES if left < HEADER_BYTES else _stated_bytes(buffer, at)
        if size > left and not last:
            return at, frames, damaged, at + size
        if size > left:
            damaged = note(faults, damaged, at, size, CUT if left >= HEADER_BYTES else HEADER_CUT)
        elif size:
            damaged = note(faults, damaged, at, size, CHECKSUM)
            faults[damaged - 1, 3] = (FIRST_SUM + word_sum(numbers, at, at + size - 2)) & 0xFFFF
            faults[damaged - 1, 4] = word(buffer, at + size - 2)
        at += 1
    return at, frames, damaged, 0


STAMP = re.compile(rb"[\r\n]{0,2}\d{4}/\d\d/\d\d \d\d:\d\d:\d\d")
"""How a logger's line starts: seen before and between records in nortek_vec_stream. Amplitudes can be printable too."""

RULE = FrameRule(walk, "", "logger's stamp", STAMP, 21)


CLOCK = 4
"""First byte of the clock, in all records that have one."""

_CLOCK = ("(6,)u1", CLOCK)
_SENSORS = {
    "battery": ("<u2", 14), "sound_speed": ("<u2", 16), "heading": ("<i2", 18), "pitch": ("<i2", 20),
    "roll": ("<i2", 22), "pressure_high": ("u1", 24), "status": ("u1", 25), "pressure_low": ("<u2", 26),
    "temperature": ("<i2", 28),
}  # fmt: skip
_PROFILE = fields(clock=_CLOCK, error=("<u2", 10), analog_1=("<u2", 12), **_SENSORS)
_WAVE = fields(
    pressure_low=("<u2", 4), distance=("<u2", 6), analog_1=("<u2", 8), velocity=("(3,)<i2", 10),
    second_distance=("<u2", 16), amplitude=("(3,)u1", 18), quality=("u1", 21),
)  # fmt: skip
_CURRENT = fields(clock=_CLOCK, error=("<u2", 10), analog_1=("<u2", 12), **_SENSORS, velocity=("(3,)<i2", 30),
                   amplitude=("(3,)u1", 36))  # fmt: skip

FIELDS: Mapping[int, np.dtype[Any]] = {
    0x01: _CURRENT,
    0x80: _CURRENT,
    0x81: fields(
        clock=_CLOCK, error=("<u2", 10), analog_1=("<u2", 12), battery=("<u2", 14), analog_2=("<u2", 16),
        heading=("<u2", 18), pitch=("<i2", 20), roll=("<i2", 22), pressure_high=("u1", 24), status=("u1", 25),
        pressure_low=("<u2", 26), temperature=("<i2", 28), sound_speed=("<u2", 30), ensemble=("<u2", 32),
        velocity=("(3,)<i2", 40), amplitude=("(3,)u1", 46),
    ),
    0x06: fields(
        records=("<u2", 4), cell=("<u2", 6), noise=("(4,)u1", 8), magnitude=("(4,)<u2", 12),
        processing_distance=("(4,)<u2", 20),
    ),
    PROBE_CHECK: fields(samples=("<u2", 4), first_sample=("<u2", 6)),
    SYSTEM: fields(
        clock=_CLOCK, battery=("<u2", 10), sound_speed=("<u2", 12), heading=("<i2", 14), pitch=("<i2", 16),
        roll=("<i2", 18), temperature=("<i2", 20), error=("u1", 22), status=("u1", 23), analog_1=("<u2", 24),
    ),
    BURST_HEADER: fields(
        clock=_CLOCK, records=("<u2", 10), noise=("(3,)u1", 12), noise_correlation=("(3,)u1", 16),
    ),
    0x20: _PROFILE,
    0x21: _PROFILE,
    0x2A: fields(
        clock=_CLOCK, milliseconds=("<u2", 10), error=("<u2", 12), **_SENSORS, analog_1=("<u2", 30),
        analog_2=("<u2", 32), beams=("u1", 34), cells=("u1", 35),
    ),
    0x30: _WAVE,
    0x36: _WAVE,
    0x31: fields(
        clock=_CLOCK, records=("<u2", 10), blanking=("<u2", 12), battery=("<u2", 14), sound_speed=("<u2", 16),
        heading=("<u2", 18), pitch=("<i2", 20), roll=("<i2", 22), lowest=("<u2", 24), highest=("<u2", 26),
        temperature=("<i2", 28), cell_size=("<u2", 30), noise=("(4,)u1", 32), magnitude=("(4,)<u2", 36),
    ),
    ATTITUDE: fields(counter=("u1", 4), kind=("u1", 5)),
}  # fmt: skip
"""Fields of each record by format and first byte, counted from the sync byte."""

PLACES: Mapping[int, Mapping[str, Place]] = {
    kind: {name: Place(entry[1], entry[0].base, entry[0].shape) for name, entry in (known.fields or {}).items()}
    for kind, known in FIELDS.items()
}
"""The same as places."""

DATA_START = {0x20: 118, 0x21: 30, 0x2A: 54, PROBE_CHECK: 8, ATTITUDE: 6}

# Floats in attitude records, by the kind that the record states.
ATTITUDE_FIELDS: Mapping[int, tuple[tuple[str, tuple[int, ...]], ...]] = {
    0xCC: (("acceleration", (3,)), ("angular_rate", (3,)), ("magnetic_field", (3,)), ("rotation", (3, 3))),
    0xC3: (("angular_increment", (3,)), ("velocity_increment", (3,)), ("rotation", (3, 3))),
    0xD3: (("angular_increment", (3,)), ("velocity_increment", (3,)), ("magnetic_field", (3,))),
}


class Item(NamedTuple):
    """What follows the fixed fields: name, format, shape."""

    name: str
    format: str
    shape: tuple[int, ...]


def data_items(kind: int, row: Bytes, beams: int) -> tuple[Item, ...] | str:
    """What follows the fixed fields of one record, or why that cannot be told.

    Parameters
    ----------
    kind
        Record id.
    row : ndarray of uint8, shape (length,)
        A whole record.
    beams
        As the user configuration tells them; three without one.
    """
    room = row.size - DATA_START.get(kind, 0) - 2
    if kind in (0x20, 0x21):
        cells = room // (3 * beams)
        return Item("velocity", "<i2", (beams, cells)), Item("amplitude", "u1", (beams, cells))
    if kind == 0x2A:
        shape = (int(row[34]), int(row[35]))
        fits = 0 < 4 * shape[0] * shape[1] <= room
        items = Item("velocity", "<i2", shape), Item("amplitude", "u1", shape), Item("correlation", "u1", shape)
        return items if fits else f"{shape[0]} beams of {shape[1]} cells do not fit into {room} bytes"
    if kind == PROBE_CHECK:
        samples = int(row[4]) | int(row[5]) << 8
        fits, reason = 0 < 3 * samples <= room, f"3 x {samples} amplitudes do not fit into {room} bytes"
        return (Item("check", "u1", (3, samples)),) if fits else reason
    return _attitude_items(int(row[5]), room) if kind == ATTITUDE else ()


def _attitude_items(kind: int, room: int) -> tuple[Item, ...] | str:
    if kind not in ATTITUDE_FIELDS:
        return f"attitude of kind 0x{kind:02x} is not known"
    items = (*(Item(name, "<f4", shape) for name, shape in ATTITUDE_FIELDS[kind]), Item("timer", "<u4", ()))
    needed = sum(4 * int(np.prod(item.shape)) for item in items)
    return items if needed <= room else f"attitude of kind 0x{kind:02x} has {room} bytes, {needed} are needed"
