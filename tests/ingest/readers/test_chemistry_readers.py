"""Chemical and optical readers beyond the contract: values against what was written, damage, calibration, sorting."""

import json

import numpy as np
import pytest

import ingest
from ingest.chemistry import sami_layout
from ingest.textual import sio
from tests.ingest.made import chemistry as made
from tests.ingest.made.logs import pro_oceanus_file
from tests.ingest.made.sio import sio_block


def test_optode_blocks_against_the_reviewed_ones(corpus):
    path = corpus / "aanderaa_optode_sio" / "DOS15908_1st7.DAT"
    samples = ingest.decode(path).streams["samples"]
    wanted = json.loads((path.parent / (path.name + ".expect.json")).read_text())["particles"]
    wanted = wanted["dosta_abcdjm_sio_instrument_recovered"]["variables"]
    assert samples.sizes["time"] == 7
    assert samples["calibrated_phase"].values[:3].tolist() == wanted["calibrated_phase"]["first3"]
    assert samples["calibrated_phase"].values[1] == -31.305
    assert samples["raw_temperature"].values[:3].tolist() == wanted["raw_temperature"]["first3"]
    seconds = samples["time"].values[:3].astype("datetime64[s]").astype(np.int64)
    assert seconds.tolist() == wanted["sio_controller_timestamp"]["first3"]


def test_blocks_whose_data_changed_are_rejected(corpus, decode_bytes):
    content = (corpus / "wetlabs_eco_sio" / "node59p1_0.flort.dat").read_bytes()
    whole = decode_bytes(content)
    damaged = content.replace(b"\t144\t", b"\t145\t", 1)
    decoded = decode_bytes(damaged)
    assert decoded.streams["samples"].sizes["time"] == whole.streams["samples"].sizes["time"] - 1
    assert "checksum of the block" in decoded.ledger.rejected[0].reason
    assert sio.checksum(b"123456789") == 0x906E  # the check value of CRC-16/X-25


def test_sami_block_against_the_reviewed_one(corpus):
    path = corpus / "sami2_ph_sio" / "node59p1_1.phsen.dat"
    decoded = ingest.decode(path)
    ph = decoded.streams["ph"]
    assert ph["thermistor_start_counts"].values.tolist() == [2044]
    assert ph["battery_counts"].values.tolist() == [3111.0]
    assert ph["ph_light_counts"].values[0, -1].tolist()[1:] == [1715, 2230, 2103]
    assert ph["unit_identity"].values.tolist() == [43]
    assert [span.reason for span in decoded.ledger.rejected] == ["block without a record"]


def test_sami_clock_rolls_over_in_2040():
    times = sami_layout.times(np.array([3_466_968_623, 2**32 - 1, 0]))
    assert times.astype("datetime64[s]").astype(str).tolist() == [
        "2013-11-10T22:50:23", "2040-02-06T06:28:15", "2040-02-06T06:28:16",
    ]  # fmt: skip


def test_sami_records_that_are_none():
    good = "C20711CF8F367F2B"
    assert sami_layout.from_hex(good).stream == "power"
    assert sami_layout.from_hex(good[:-2] + "2C") == "checksum is 2B, record says 2C"
    assert sami_layout.from_values(99, 0, []) == "record of unknown type 99"
    assert sami_layout.from_values(10, 0, [1, 2]) == "record of type 10 with 2 values"


def _control(length, kind, *battery):
    counts = bytes([0, 0x41, 0, 0, 11, 0, 0, 0, 0, 10, 49, *battery])
    body = bytes([length, kind]) + (3_457_511_936).to_bytes(4, "big") + counts
    return b"*" + (b"\x2b" + body + bytes([sum(body) & 0xFF])).hex().upper().encode()


@pytest.mark.parametrize("kind", [0x85, 0xC1])
def test_control_records_may_leave_their_battery_out_of_their_length(decode_bytes, kind):
    records = [_control(18, kind), _control(18, kind, 12, 64), _control(20, kind, 12, 64)]
    records.append(_control(18, kind, 12, 64)[:-2] + b"00")
    lines = b"".join(b"2013/07/24 12:00:01.971 " + record + b"\r\n" for record in records)
    decoded = decode_bytes(lines)
    assert decoded.reader == "sami2"
    np.testing.assert_array_equal(decoded.streams["control"]["battery_counts"], [np.nan, 3136.0, 3136.0])
    assert decode_bytes(b"2013/07/24 12:00:01.971 " + records[1] + b"\r\n").reader == "sami2", "alone in its file"
    blocks = b"\r\n".join(sio_block("PH", record, number=number) for number, record in enumerate(records[:3]))
    assert decode_bytes(blocks).reader == "sami2_sio"
    assert decode_bytes(blocks).streams["control"]["battery_counts"].values[1:].tolist() == [3136.0, 3136.0]


def test_a_damaged_record_beside_a_good_one_of_its_block_is_told(decode_bytes):
    """Seen in a real block: a control record whose checksum is wrong before a pH record, and noise before each."""
    good, bad = _control(20, 0xC1, 12, 64), _control(18, 0x85)[:-2] + b"00"
    parts = {
        "before": b"^04\r" + bad + b"\r^05\r" + good + b"\r",
        "behind": b"^04\r" + good + b"\r" + bad + b"\r",
        "between": good + b"\r" + bad + b"\r" + good + b"\r",
        "alone": bad + b"\r",
    }
    content = b"".join(sio_block("PH", data, number=number) for number, data in enumerate(parts.values()))
    for size in (1 << 20, 50):
        decoded = decode_bytes(content, block_bytes=size)
        assert decoded.ledger.adds_up
        assert decoded.streams["control"].sizes["time"] == 4
        told = [(span.reason, content[span.offset : span.offset + span.length].strip(b"\r"))
                for span in decoded.ledger.rejected]  # fmt: skip
        assert [reason for reason, _ in told] == ["not a record"] * 3 + ["block without a record"]
        assert [text for _, text in told[:3]] == [bad] * 3
        places = decoded.streams["control"]["source_offset"].values
        ends = places + decoded.streams["control"]["source_length"].values
        for span in decoded.ledger.rejected:
            assert ((ends <= span.offset) | (places >= span.offset + span.length)).all(), "of no record"


def test_a_channel_of_an_eco_that_says_nothing(decode_bytes):
    """Seen in a real block: `--` in place of a count; the other channels are good."""
    lines = [b"07/25/13\t06:0%d:06\t700\t14%d\t695\t105\t460\t5%d\t555" % (n, n, n) for n in range(4)]
    lines[1] = lines[1].replace(b"460\t51", b"460\t--")
    lines[3] = lines[3].replace(b"460\t53", b"460\t-")
    content = b"".join(sio_block("FL", line, seconds=0x51F0BEE2 + 60 * n) for n, line in enumerate(lines))
    sheet = {"cdom": {"scale": 0.1, "dark": 40}}
    for size in (1 << 20, 60):
        decoded = decode_bytes(content, block_bytes=size, calibration=sheet)
        samples = decoded.streams["samples"]
        assert samples["cdom_counts"].values.tolist() == [50, -1, 52]
        assert samples["backscatter_700nm_counts"].values.tolist() == [140, 141, 142]
        np.testing.assert_allclose(samples["cdom_concentration"].values, [1.0, np.nan, 1.2])
        assert np.diff(samples["time"].values).astype(int).tolist() == [60_000_000] * 2
        assert [span.reason for span in decoded.ledger.rejected] == ["block without a record"]


@pytest.mark.parametrize("first", [True, False])
def test_a_block_of_another_instrument_leaves_the_file_to_its_own(decode_bytes, first):
    numbers = "302.576 97.289 15.584 31.126 31.126 36.306 5.180 1336.5 1171.2 324.6"
    optode = sio_block("DO", "\t".join(["4831", "128", *numbers.split()]).encode() + b"\r\n")
    line = b"17/12/13\t00:15:04\t700\t41%02d\t695\t708\t460\t4130\t548\r\n"
    eco = [sio_block("FL", line % number, number=number) for number in range(3)]
    decoded = decode_bytes(b"".join([optode, *eco] if first else [*eco, optode]))
    assert decoded.reader == "wetlabs_eco_sio"
    assert decoded.streams["samples"].sizes["time"] == 3
    assert "instrument_clock_offset" not in decoded.streams["samples"], "there is no month 17"
    assert decode_bytes(eco[0] + optode).reader == "wetlabs_eco_sio"
    assert decode_bytes(optode + eco[0]).reader == "aanderaa_optode_sio"


def test_damaged_rows_of_a_download(corpus, decode_bytes):
    content = (corpus / "sami2_pco2_recovered" / "happy_path.txt").read_bytes()
    row = next(line for line in content.splitlines() if line.startswith(b"4\t"))
    bad = [b"-3\tCheck sum error(224,90)", row + b"\t" + row, row[:30], b"17\t4294967296"]
    decoded = decode_bytes(content + b"\r\n".join([*bad, b""]))
    assert decoded.streams["carbon_dioxide"].sizes["time"] == 2
    assert [span.reason for span in decoded.ledger.rejected] == [
        "record that the maker's software marks as damaged",
        "record of type 4 with 34 values",
        f"record of type 4 with {row[:30].count(bytes([9])) - 1} values",
        "time 4294967296 is no 32-bit count of seconds",
    ]


def test_air_and_water_are_never_mixed(corpus):
    decoded = ingest.decode(next((corpus / "pro_oceanus_co2_dcl").glob("*.log")))
    assert set(decoded.streams) == {"air", "water"}
    assert {stream: dataset.attrs["medium"] for stream, dataset in decoded.streams.items()} == {
        "air": "air", "water": "water",
    }  # fmt: skip
    assert decoded.streams["air"]["carbon_dioxide_mole_fraction"].values.min() > 380
    assert decoded.streams["water"]["carbon_dioxide_mole_fraction"].values.max() < 360


@pytest.mark.parametrize(
    ("good", "damaged"),
    [(b"358.79,", b"358,"), (b",40.1,", b",40,"), (b"11.275", b"275"), (b",1008,", b",1009.6,"), (b"22.920", b".920")],
)
def test_values_of_a_co2_pro_that_lost_digits(decode_bytes, good, damaged):
    """Seen among real lines: `358` for 358.77, `692` for 8.692. The instrument prints a fixed number of decimals."""
    lines = pro_oceanus_file(12).splitlines(keepends=True)
    assert good in lines[2]
    lines[2] = lines[2].replace(good, damaged)
    decoded = decode_bytes(b"".join(lines))
    assert decoded.streams["water"].sizes["time"] == 11
    (span,) = decoded.ledger.rejected
    assert (span.offset, span.length) == (len(lines[0] + lines[1]), len(lines[2]))
    assert span.reason == "value that lost digits"


def test_eco_counts_become_units_only_with_a_device_sheet(decode_bytes):
    plain = decode_bytes(made.eco_file()).streams["samples"]
    assert plain["chlorophyll_counts"].values[:3].tolist() == [50, 51, 52]
    assert "chlorophyll_concentration" not in plain
    assert plain.attrs["saturation_counts"] == "4130"
    assert (plain["instrument_clock_offset"].values == -3_600_250_000).all()
    sheet = {"chlorophyll": {"scale": 0.0121, "dark": 49}, "turbidity": {"scale": 0.01, "dark": 50}}
    scaled = decode_bytes(made.eco_file(), calibration=sheet).streams["samples"]
    np.testing.assert_allclose(scaled["chlorophyll_concentration"].values[:2], [0.0121, 0.0242], rtol=1e-12)
    np.testing.assert_allclose(scaled["turbidity"].values[0], 40.5, rtol=1e-12)


def test_light_and_dark_frames(corpus, decode_bytes):
    content = next((corpus / "suna_csv").glob("*.CSV")).read_bytes()
    decoded = decode_bytes(content)
    assert "nitrate_concentration" not in decoded.streams["dark"]
    assert decoded.streams["light"]["time"].values[0] == np.datetime64("2017-09-26T00:00:02.091600", "us")
    changed = decode_bytes(content.replace(b",-1.84,", b",-1.85,", 1))
    assert changed.streams["light"].sizes["time"] == decoded.streams["light"].sizes["time"] - 1
    assert changed.ledger.rejected[0].reason == "checksum does not hold"


def test_sami_records_of_an_inductive_modem(decode_bytes):
    """Seen in real files: `Record[330]:` before some records, records of two kinds behind one of them, no line end."""
    content = made.sami_modem_file(5)
    decoded = decode_bytes(content)
    assert decoded.reader == "sami2_imodem"
    sizes = {stream: dataset.sizes["time"] for stream, dataset in decoded.streams.items()}
    assert sizes == {"carbon_dioxide": 3, "carbon_dioxide_blank": 2, "control": 5, "power": 5}
    first = decoded.streams["carbon_dioxide"].isel(time=0)
    assert first["time"].values == np.datetime64("1904-01-01", "us") + np.timedelta64(0xCF8F3670 + 3900, "s")
    assert first["co2_light_counts"].values.tolist() == list(range(65, 79))
    assert (first["battery_counts"].item(), first["thermistor_counts"].item()) == (3164.0, 2018)
    assert decoded.streams["control"]["bytes_stored"].values.tolist() == [530] * 5
    assert {span.reason for span in decoded.ledger.skipped} == {"blank line"}
    assert not decoded.ledger.rejected


@pytest.mark.parametrize(
    ("good", "damaged", "reason"),
    [
        (b"*572704CF", b"*572704CE", "checksum is"),
        (b"*572704", b"*572604", "record of 80 digits, its length says 78"),
        (b"*572704", b"*57270X", "not a line of a SAMI2 record"),
        (b"*570711CF", b"*570711CE", "checksum is"),
        (b"Record[300]:", b"Record(300]:", "not a line of a SAMI2 record"),
    ],
)
def test_damaged_sami_records_of_an_inductive_modem(decode_bytes, good, damaged, reason):
    content = made.sami_modem_file(5)
    assert good in content
    decoded = decode_bytes(content.replace(good, damaged, 1))
    assert sum(dataset.sizes["time"] for dataset in decoded.streams.values()) == 14
    (span,) = decoded.ledger.rejected
    assert reason in span.reason
    assert damaged in content.replace(good, damaged, 1)[span.offset : span.offset + span.length]


def test_a_pco2_takes_the_blank_before_it_in_any_block(decode_bytes):
    content = made.sami_modem_file(6)
    sheet = {"carbon_dioxide": {"calt": 4.6539, "cala": 0.0422, "calb": 0.6761, "calc": -1.5798}}
    whole = decode_bytes(content, calibration=sheet).streams["carbon_dioxide"]["carbon_dioxide_partial_pressure"]
    pieces = decode_bytes(content, calibration=sheet, block_bytes=90).streams["carbon_dioxide"]
    assert np.isfinite(whole.values).all()
    np.testing.assert_array_equal(pieces["carbon_dioxide_partial_pressure"].values, whole.values)


def test_suna_in_the_lines_of_a_logger(decode_bytes):
    """Seen in real logs: the instrument's own messages with a stamp of their own, frames cut by power-off."""
    content = made.suna_log(12)
    decoded = decode_bytes(content)
    assert (decoded.reader, decoded.ledger.rejected) == ("suna", ())
    light, dark = decoded.streams["light"], decoded.streams["dark"]
    assert (light.sizes["time"], dark.sizes["time"]) == (10, 2)
    assert light["time"].values[0].astype("datetime64[s]") == np.datetime64("2017-10-13T00:01:00")
    np.testing.assert_allclose(light["logger_clock_offset"].values, 4_500_000, atol=2_000)
    assert light["nitrate_concentration"].values.tolist() == [12.09] * 10
    assert {span.reason for span in decoded.ledger.skipped} == {"logger message", "message of the instrument"}
    unstamped = content.replace(b"2017/10/13 00:03:04.500 SATSLF", b"2017/13/13 00:03:04.500 SATSLF")
    assert decode_bytes(unstamped).streams["light"].sizes["time"] == 9, "a frame needs a stamp where others have one"
    late = made.suna_log(1).splitlines(keepends=True)[0] * 1000 + content
    assert decode_bytes(late).streams["light"].sizes["time"] == 10, "behind more messages than a head holds"


def test_hydroc_has_decimal_commas_and_no_zone(decode_bytes):
    samples = decode_bytes(made.hydroc_file()).streams["samples"]
    np.testing.assert_allclose(samples["carbon_dioxide_partial_pressure"].values[:3], [400.0, 403.7, 407.4])
    assert samples["time"].values[61 - 2] == np.datetime64("2021-12-01T00:59:07", "us")
    assert "local time" in samples.attrs["time_zone"]
    other = made.hydroc_file(columns="Time;Date;Zero;Foo;p_NDIR;pCO2;pCO2 corr").replace(b"2021-12-01;", b"")
    assert "not a record" in decode_bytes(other).ledger.rejected[0].reason


def test_many_spectra_of_16_bits(decode_bytes):
    decoded = decode_bytes(made.spc_multifile())
    spectra = decoded.streams["spectra"]
    y = np.random.default_rng(0x4B).integers(-9000, 9000, 40)
    np.testing.assert_array_equal(spectra["spectral_intensity"].values[0], y * 2.0 ** (10 - 16))
    assert spectra["raman_shift"].values[[0, -1]].tolist() == [100.0, 139.0]
    assert decoded.ledger.expected_records == 12
    # z is in seconds.
    assert spectra["time"].values[2] == np.datetime64("2018-07-03T04:05:20", "us")


def test_old_spectra_have_swapped_words(decode_bytes):
    spectra = decode_bytes(made.spc_old()).streams["spectra"]
    wanted = np.arange(50) * 70_001 * 2.0 ** (20 - 32)
    np.testing.assert_array_equal(spectra["spectral_intensity"].values[:2], [wanted, -wanted])
    assert spectra["time"].values[0] == np.datetime64("1996-05-17T13:45", "us")
    assert spectra["raman_shift"].values[[0, -1]].tolist() == [50.0, 99.0]


@pytest.mark.parametrize("order", ["<", ">"])
def test_spectra_with_x_of_their_own(decode_bytes, order):
    content = made.spc_header(0, 3, flags=0x04 | 0x40 | 0x80, exponent=0, order=order)
    axes = [np.array([5.0, 3.0, 1.0]), np.array([1.0, 2.0]), np.array([9.0, 8.0, 7.0])]
    for number, x in enumerate(axes):
        y = (x * 10 + number).astype(f"{order}f4").view(f"{order}i4")
        content += made.spc_subfile(y, -128, float(number), order, x)
    decoded = decode_bytes(content, block_bytes=50)
    assert {stream: dataset.sizes["point"] for stream, dataset in decoded.streams.items()} == {
        "spectra_2_points": 2, "spectra_3_points": 3,
    }  # fmt: skip
    three = decoded.streams["spectra_3_points"]
    np.testing.assert_array_equal(three["raman_shift_of_point"].values, [axes[0], axes[2]])
    np.testing.assert_array_equal(three["spectral_intensity"].values, [axes[0] * 10, axes[2] * 10 + 2])


def test_cut_spectra_are_said_to_be(decode_bytes):
    decoded = decode_bytes(made.spc_multifile()[:-1])
    assert decoded.streams["spectra"].sizes["time"] == 11
    assert [span.reason for span in decoded.ledger.rejected] == ["spectrum cut by the end of the file"]


def test_a_point_that_is_a_signalling_nan_is_no_number(decode_bytes):
    y = np.array([0x7FA00000, 0x3FC00000, 0x7F800000], "<i4")
    content = made.spc_header(3, 1, flags=0, exponent=-128) + made.spc_subfile(y, -128)
    (spectrum,) = decode_bytes(content).streams["spectra"]["spectral_intensity"].values
    np.testing.assert_array_equal(spectrum, [np.nan, 1.5, np.nan])
