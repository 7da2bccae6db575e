"""What every reader has to keep, over everything discovered: any block size, any cut, any damaged byte.

Formats without checksums cannot tell a changed digit from a true one. `UNABLE_TO_TELL` lists them; for them, too, a
changed byte may reach no record but the one that holds it (and those next to a changed line end).
"""

import gzip

import numpy as np
import pytest

import ingest
from ingest import vocabulary
from ingest.dataset import record_dimension
from ingest.errors import CalibrationError, IngestError, UnknownFormatError
from tests.ingest.conftest import CORPUS, places, same_values, samples, streams_equal

TRIALS = {"sbe_hex": 100, "aanderaa_optode": 100, "rdi_pd0": 100}  # the formats that every run of the house rests on
FEWEST_TRIALS, SOAK_TRIALS = 20, 200
LARGEST = 40_000  # bytes of a file that is damaged so often
UNABLE_TO_TELL = {
    "declared_text": "no checksum; a changed digit changes one value",
    "rbr_ruskin_text": "no checksum; a changed digit changes one value",
    "seaguard_text": "no checksum; a changed digit changes one value",
    "seaguard_xml": "no checksum; a changed digit changes one value, a changed name the stream of its record",
    "fluid_sample_chem_csv": "no checksum; a changed header names other quantities, a changed digit changes one value",
    "contros_hydroc": "no checksum; a changed digit changes one value",
    "cf_netcdf": "NetCDF has no checksum unless it was asked for one",
    "seaphox_dcl": "no checksum; a changed digit changes one value",
    "seaphox_imodem": "no checksum; a changed digit changes one value",
    "sbe52mp_text": "no checksum; a changed digit changes one value",
    "sbe37im_imodem": "no checksum; a changed digit changes one value",
    "sbe26plus_hex": "no checksum; a changed digit changes one value",
    "sbe26plus_dcl": "no checksum; a changed digit changes one value",
    "sbe16plus_dcl": "no checksum; a changed digit changes one value",
    "sbe16plus_imodem": "no checksum; a changed digit changes one value",
    "rbr_ruskin_mat": "only the packed parts of a MAT file have a checksum",
    "raman_spc": "no checksum; a changed byte of the header changes every value, one of a spectrum one point",
    "rdi_pd8_text": "no checksum; a changed digit changes one value",
    "rdi_pd0_hexlog": "the ensemble's checksum leaves out the logger's stamps; lower-case digits mean the same",
    "sami2": "the checksum leaves out the unit's identity and the logger's stamps",
    "sami2_imodem": "the checksum leaves out the unit's identity",
    "sbe37im_sio": "the block's checksum leaves out its header with the time",
    "sami2_sio": "the checksums leave out the block's header with the time",
    "sami2_recovered": "no checksum; a changed digit changes one value",
    "rbr_rsk": "SQLite has no checksum: only changes of its structure are found, not of a value",
    "lisst200x": "no checksum; a changed digit changes one value",
    "pro_oceanus_co2": "no checksum; a changed digit changes one value, a changed letter the stream",
    "wetlabs_eco_sio": "the block's checksum leaves out its header with the time",
    "aanderaa_optode_sio": "the block's checksum leaves out its header with the time",
    "wetlabs_eco": "no checksum; a changed digit changes one value",
    "sbe_cnv": "no checksum; a changed header line changes every value, a changed digit one",
    "sbe_hex": "no checksum; a changed coefficient in the header changes every value, a changed digit one",
    "sbe_hex_bare": "no checksum; a changed digit changes one value",
    "aanderaa_optode": "no checksum; a changed digit changes one value",
}
TIME_OF_OTHERS = {
    "nortek_classic": "velocity samples carry no time: with a lost record of the clock, or before the rate is known, "
    "they are placed after the stamp before",
}
UNPROTECTED_HEADER = dict.fromkeys(
    ("sontek_adp", "sontek_adv"), "the configuration at the start, which says what is installed, has no checksum"
)
BLOCKS = {"sbe37im_sio": 0x01, "sontek_adv": 0xA5}
"""First byte of a block, in formats where many records share one checksum: nothing tells which of them is right, so
that a damaged block is lost as a whole. Of a block the first record holds the header, the last one the end."""
MOST_LOST = 2  # records beside the one with the changed byte: a changed line end joins two lines

EVERY_SAMPLE = [pytest.param(sample, id=f"{sample.reader}-{sample.name}") for sample in samples()]
# Readers of whole files (databases, containers) have no order of bytes: they keep what `test_whole_*` below ask.
SAMPLES = [one for one in EVERY_SAMPLE if ingest.discover()[one.values[0].reader].whole is None]
DAMAGED = [
    pytest.param(*one.values, TRIALS.get(one.values[0].reader, FEWEST_TRIALS), id=one.id) for one in SAMPLES
] + [
    pytest.param(*one.values, SOAK_TRIALS, id=f"soak-{one.id}", marks=pytest.mark.soak) for one in SAMPLES
]  # fmt: skip
WHOLE_SAMPLES = [one for one in EVERY_SAMPLE if one not in SAMPLES]


def _cut_to_size(sample, decode_bytes) -> bytes:
    """The start of the file; all of it where its start holds no records (corpus Sig1000_online.ad2cp)."""
    content = sample.content[:LARGEST]
    return content if decode_bytes(content, sample.name).streams else sample.content


def _check_account(decoded, content):
    ledger = decoded.ledger
    assert ledger.adds_up
    assert ledger.bytes_total == decoded.bytes == len(content)
    covered = np.zeros(len(content), dtype=np.int64)
    for span in (*ledger.skipped, *ledger.rejected):
        assert span.length > 0
        assert span.reason
        covered[span.offset : span.offset + span.length] += 1
    assert covered.max(initial=0) <= 1, "a byte is in two spans"
    if ingest.discover()[decoded.reader].whole is not None:
        return
    for stream, start, stop in places(decoded):
        assert (np.diff(start) > 0).all(), f"{stream}: records out of file order"
        assert ((start >= 0) & (start < stop) & (stop <= len(content))).all()
        sums = np.concatenate(([0], np.cumsum(covered)))
        assert (sums[stop] == sums[start]).all(), f"{stream}: a record lies in a skipped or rejected span"


REAL_ONLY = {"lisst200x", "sami2", "sami2_recovered", "sami2_sio", "sbe26plus_dcl", "sbe26plus_hex", "suna"}
"""Readers whose samples are real files only: without the corpus they have none."""


def test_every_reader_has_a_sample():
    wanted = ingest.discover().keys() - (set() if CORPUS.is_dir() else REAL_ONLY)
    assert wanted == {sample.reader for sample in samples()}


def test_readers_without_checksum_are_listed():
    assert {name for name, reader in ingest.discover().items() if not reader.checksummed} == UNABLE_TO_TELL.keys()


@pytest.mark.parametrize("sample", EVERY_SAMPLE)
def test_datasets_keep_the_layout(sample, decode_bytes):
    decoded = decode_bytes(sample.content, sample.name)
    assert decoded.reader == sample.reader
    assert decoded.streams
    _check_account(decoded, sample.content)
    for dataset in decoded.streams.values():
        dimension = record_dimension(dataset)
        assert dataset["source_offset"].dtype == np.int64
        assert dataset["source_length"].dtype == np.int32
        assert dataset["source_offset"].dims == (dimension,)
        if dimension == "time":
            assert dataset["time"].dtype == np.dtype("datetime64[us]")
            assert not np.isnat(dataset["time"].values).any()
        for name, array in dataset.data_vars.items():
            assert array.dims[0] == dimension
            assert array.attrs["units"] == vocabulary.lookup(name).units
            assert not np.isinf(array.values).any()
        assert all(isinstance(value, str | int | float) for value in dataset.attrs.values())


@pytest.mark.parametrize("sample", SAMPLES)
def test_any_block_size_gives_the_same(sample, decode_bytes):
    generator = np.random.default_rng(1)
    content = sample.content[:100_000]
    whole = decode_bytes(content, sample.name)
    for block_bytes in (*generator.integers(300, 3000, 2), 4096, *generator.integers(5000, 99_000, 3), len(content)):
        other = decode_bytes(content, sample.name, block_bytes=int(block_bytes))
        assert streams_equal(other, whole), f"block of {block_bytes} bytes"
        assert other.ledger == whole.ledger
        assert other.sha256 == whole.sha256


@pytest.mark.parametrize("sample", SAMPLES)
def test_single_bytes_give_the_same(sample, decode_bytes):
    content = sample.content[:7000]
    try:
        whole = decode_bytes(content, sample.name)
    except IngestError:
        pytest.skip("its first 7000 bytes are not enough to know the format")
    for block_bytes in (1, 13):
        other = decode_bytes(content, sample.name, block_bytes=block_bytes)
        assert streams_equal(other, whole)
        assert other.ledger == whole.ledger


@pytest.mark.parametrize(("sample", "trials"), DAMAGED)
def test_cut_files_give_the_records_before_the_cut(sample, trials, decode_bytes):
    content = _cut_to_size(sample, decode_bytes)
    whole = decode_bytes(content, sample.name)
    generator = np.random.default_rng(2)
    ends = np.concatenate([stop for _, _, stop in places(whole)])
    # Half of the cuts fall right behind a record, one byte before or one after.
    near = generator.choice(ends, trials // 2) + generator.integers(-1, 2, trials // 2)
    for cut in [*near.tolist(), *generator.integers(0, len(content), trials // 2).tolist()]:
        whole_records = {stream: int((stop <= cut).sum()) for stream, _, stop in _units(sample.reader, whole, content)}
        try:
            decoded = decode_bytes(content[:cut], sample.name, block_bytes=int(generator.integers(500, 50_000)))
        except (UnknownFormatError, CalibrationError):
            assert not any(whole_records.values()), f"cut at {cut}: whole records are there, and nothing was decoded"
            continue
        _check_account(decoded, content[:cut])
        for stream, count in whole_records.items():
            if count == 0:
                assert stream not in decoded.streams, f"cut at {cut}"
            else:
                same = _same(sample.reader, decoded.streams[stream], whole.streams[stream], slice(count))
                assert same, f"cut at {cut}"
        assert decoded.streams.keys() <= whole.streams.keys()


def _units(reader, decoded, content):
    """Stream, first byte and byte after the last of what is lost with a record: mostly the record itself."""
    for stream, start, stop in places(decoded):
        if reader not in BLOCKS:
            yield stream, start, stop
            continue
        first = np.frombuffer(content, np.uint8)[start] == BLOCKS[reader]
        block = np.cumsum(first) - 1
        yield stream, start[first][block], stop[np.append(np.flatnonzero(first)[1:], start.size) - 1][block]


@pytest.mark.parametrize(("sample", "trials"), DAMAGED)
def test_changed_bytes_reach_no_other_record(sample, trials, decode_bytes):
    content = _cut_to_size(sample, decode_bytes)
    whole = decode_bytes(content, sample.name)
    header = min(int(start[0]) for _, start, _ in places(whole))
    units = {stream: (start, stop) for stream, start, stop in _units(sample.reader, whole, content)}
    generator = np.random.default_rng(3)
    for _ in range(trials):
        place, change = int(generator.integers(len(content))), int(generator.integers(1, 256))
        damaged = bytearray(content)
        damaged[place] ^= change
        try:
            decoded = decode_bytes(bytes(damaged), sample.name, block_bytes=int(generator.integers(500, 50_000)))
        except IngestError:
            assert place < header, f"byte {place} changed by {change:#x}: nothing was decoded"
            continue
        _check_account(decoded, content)
        unable = sample.reader in UNABLE_TO_TELL or sample.reader in UNPROTECTED_HEADER
        if place < header and (unable or _rejected(decoded.ledger, place)):
            # Without their description records are others: an unable format cannot tell, the ledger of another does.
            continue
        for stream in whole.streams.keys() | decoded.streams.keys():
            _check_reach(sample.reader, stream, (whole, units), decoded, place)


def _rejected(ledger, place):
    return any(span.offset <= place < span.offset + span.length for span in ledger.rejected)


def _same(reader, first, second, rows=slice(None)):
    """Whether values are the same, bit for bit; times of `TIME_OF_OTHERS` to two seconds."""
    if reader not in TIME_OF_OTHERS or "time" not in first.variables or "time" not in second.variables:
        return same_values(first, second, rows)
    moved = np.abs(first["time"].values - second["time"].values[rows])
    return bool((moved <= np.timedelta64(2, "s")).all()) and same_values(
        first.drop_vars("time"), second.drop_vars("time"), rows
    )


def _check_reach(reader, stream, known, decoded, place):
    """Records without the changed byte are the same, or lie where the ledger says that bytes were lost."""
    whole, units = known
    before, after = whole.streams.get(stream), decoded.streams.get(stream)
    kept = np.zeros(0, dtype=np.int64)
    if after is not None:
        start = after["source_offset"].values
        holds = (start <= place) & (place < start + after["source_length"].values)
        assert not (holds.any() and reader not in UNABLE_TO_TELL), f"byte {place}: the checksum did not find it"
        kept = start[~holds]
    if before is None:
        assert kept.size == 0, f"byte {place}: records of a new stream {stream}"
        return
    start = before["source_offset"].values
    length = before["source_length"].values
    assert np.isin(kept, start).all(), f"byte {place}: a record that was not there"
    if after is not None:
        rows = np.flatnonzero(np.isin(start, kept))
        assert _same(reader, after.isel({record_dimension(after): ~holds}), before, rows), f"byte {place}"
    # A record may also take the byte in: with a line end turned into a blank or a digit, its line is longer.
    grown = np.zeros(0, dtype=np.int64) if after is None else after["source_offset"].values[holds]
    lost = ~np.isin(start, kept) & ~np.isin(start, grown) & ~((start <= place) & (place < start + length))
    first, end = units[stream]
    beyond = int((lost & ~((first <= place) & (place < end))).sum())
    assert beyond <= MOST_LOST, f"byte {place}: {beyond} records lost beside its own"
    for begin, size in zip(start[lost].tolist(), length[lost].tolist(), strict=True):
        spans = (*decoded.ledger.rejected, *decoded.ledger.skipped)
        assert any(span.offset <= begin and begin + size <= span.offset + span.length for span in spans)


@pytest.mark.parametrize("sample", SAMPLES)
def test_foreign_bytes_inside_are_accounted_for(sample, decode_bytes):
    content = _cut_to_size(sample, decode_bytes)
    whole = decode_bytes(content, sample.name)
    ends = np.concatenate([stop for _, _, stop in places(whole)])
    at = int(np.sort(ends)[ends.size // 2])
    generator = np.random.default_rng(4)
    for filling in (generator.bytes(6000), bytes(6000), b"\xff" * 6000, b"\n" * 500, b"A" * 10_000):
        decoded = decode_bytes(content[:at] + filling + content[at:], sample.name)
        _check_account(decoded, content + filling)
        for stream, begin, end in _units(sample.reader, whole, content):
            dataset = whole.streams[stream]
            dimension = record_dimension(dataset)
            broken = int(((begin < at) & (at < end)).sum())
            if stream not in decoded.streams:  # its only records stand beside the filling
                assert dataset.sizes[dimension] - broken <= MOST_LOST, filling[:4]
                continue
            kept = decoded.streams[stream].sizes[dimension]
            assert dataset.sizes[dimension] - broken - MOST_LOST <= kept <= dataset.sizes[dimension], filling[:4]
            first = int((end < at).sum())
            assert _same(sample.reader, decoded.streams[stream].isel({dimension: slice(first)}), dataset, slice(first))


WHOLE_TRIALS = 24
LARGE = 100_000  # bytes of a whole file that is damaged fewer times: each costs a tenth of a second


def _trials(sample):
    return WHOLE_TRIALS if len(sample.content) < LARGE else WHOLE_TRIALS // 4


@pytest.mark.parametrize("sample", WHOLE_SAMPLES)
def test_whole_files_in_any_blocks_and_in_memory_give_the_same(sample, decode_bytes):
    whole = decode_bytes(sample.content, sample.name)
    other = decode_bytes(sample.content, sample.name, block_bytes=1000)
    assert streams_equal(other, whole)
    assert other.ledger == whole.ledger
    assert other.sha256 == whole.sha256
    packed = decode_bytes(gzip.compress(sample.content, 1), f"{sample.name}.gz")
    assert packed.ledger.members[sample.name] == whole.ledger
    assert packed.streams.keys() == whole.streams.keys()
    assert all(same_values(packed.streams[stream], whole.streams[stream]) for stream in whole.streams)


@pytest.mark.parametrize("sample", WHOLE_SAMPLES)
def test_whole_files_number_their_records(sample, decode_bytes):
    for dataset in decode_bytes(sample.content, sample.name).streams.values():
        assert np.unique(dataset["source_offset"].values).size == dataset["source_offset"].size
        assert (dataset["source_length"].values == 1).all()
        assert dataset.attrs["source_offset_meaning"]


@pytest.mark.parametrize("sample", WHOLE_SAMPLES)
def test_whole_files_that_are_cut_give_records_of_the_whole(sample, decode_bytes):
    whole = decode_bytes(sample.content, sample.name)
    generator = np.random.default_rng(5)
    for cut in generator.integers(0, len(sample.content), _trials(sample)).tolist():
        content = sample.content[:cut]
        try:
            decoded = decode_bytes(content, sample.name)
        except IngestError:
            continue
        _check_account(decoded, content)
        assert decoded.ledger.rejected, f"cut at {cut}: nothing in the ledger says so"
        for stream, dataset in decoded.streams.items():
            known = whole.streams[stream]
            order = np.argsort(known["source_offset"].values)
            places = np.searchsorted(known["source_offset"].values[order], dataset["source_offset"].values)
            assert same_values(dataset, known, order[places]), f"cut at {cut}"


@pytest.mark.parametrize("sample", WHOLE_SAMPLES)
def test_whole_files_with_changed_bytes_give_a_result_or_an_ingest_error(sample, decode_bytes):
    generator = np.random.default_rng(6)
    for trial in range(2 * _trials(sample)):
        damaged = bytearray(sample.content)
        # Half of the changes fall into the first bytes, where formats keep their structure.
        end = len(damaged) if trial % 2 else min(len(damaged), 4096)
        for place in generator.integers(0, end, 1 + trial % 3).tolist():
            damaged[place] ^= int(generator.integers(1, 256))
        try:
            decoded = decode_bytes(bytes(damaged), sample.name)
        except IngestError:
            continue
        _check_account(decoded, bytes(damaged))
