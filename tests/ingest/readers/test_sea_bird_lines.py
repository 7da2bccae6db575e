"""Sea-Bird instruments in lines: loggers, modems, the 52-MP, and uploads of the 26plus."""

import json

import gsw
import numpy as np
import pytest

import ingest
from ingest.errors import CalibrationError
from ingest.sea_bird.names import MICROMOLE_PER_MILLILITRE
from tests.ingest.made.sea_bird import SEAPHOX, ctd_modem_file, imodem_file, seaphox_file, seaphox_log


def test_seaphox_record(corpus):
    path = corpus / "seaphox_imodem" / "seaphox04_20240508_141129.DAT"
    stated = json.loads(path.with_name(path.name + ".expect.json").read_text())["file_states"]["record"]
    assert stated == SEAPHOX
    decoded = ingest.decode(path)
    samples = decoded.streams["samples"]
    wanted = [22.2267, 7.9556, -0.999736, 0.602, 30.6078, 4.4532, 4.898 * 44.66, 6.8, 22.2]
    names = list(samples.data_vars)[:9]
    assert [samples[name].item() for name in names] == pytest.approx(wanted, rel=1e-12)
    assert names[5] == "conductivity", "S/m: what salinity and temperature make it"
    assert samples["sample_number"].item() == 825
    assert samples["time"].values[0] == np.datetime64("2024-05-08T14:00:01", "us")
    assert [span.reason for span in decoded.ledger.skipped] == ["terminal dialogue"] * 2


@pytest.mark.parametrize("damage", ["05-08T14:01", ",22.", "6.8,22.2", "DSPHOX"])
def test_damaged_seaphox_record(decode_bytes, damage):
    content = seaphox_file(3)
    at = content.index(damage.encode(), 60)
    decoded = decode_bytes(content[:at] + b"x" + content[at + 1 :])
    assert decoded.streams["samples"].sizes["time"] == 2
    assert decoded.ledger.bytes_rejected > 50


@pytest.mark.parametrize("voltages", [0, 4, 6])
def test_modem_of_a_ctd(decode_bytes, voltages):
    decoded = decode_bytes(ctd_modem_file(30, voltages))
    assert (decoded.reader, decoded.ledger.rejected, decoded.ledger.expected_records) == ("sbe16plus_imodem", (), 30)
    samples = decoded.streams["samples"]
    assert samples["time"].values[[0, 25]].astype("datetime64[s]").astype(str).tolist() == [
        "2015-08-04T00:00:03", "2015-08-05T01:00:03",
    ]  # fmt: skip
    assert samples["temperature"].values[:2].tolist() == [23.8673, 23.8773]
    assert samples["conductivity"].values[:2].tolist() == [-0.00001, 0.00099]
    assert samples["pressure"].values[:2].tolist() == [-0.003, 0.097]
    assert sum(name.startswith("external_voltage_") for name in samples) == voltages
    if voltages:
        assert samples["external_voltage_3"].values[:2].tolist() == [4.6306, 4.6316]


@pytest.mark.parametrize(
    ("good", "damaged"),
    [(b"-0.003,", b""), (b"23.8673", b"3.867"), (b"04Aug", b"34Aug"), (b"04Aug", b"04Agu"), (b"50059", b"5059"),
     (b"-0.00001", b"-.00001"), (b"00:00:03", b"00:00:0")],
)  # fmt: skip
def test_damaged_samples_of_a_ctd_behind_a_modem(decode_bytes, good, damaged):
    """Seen in a real file: a record without its pressure."""
    content = ctd_modem_file(5)
    place = content.index(good, content.index(b"#Begin"))
    decoded = decode_bytes(content[:place] + damaged + content[place + len(good) :])
    assert decoded.streams["samples"].sizes["time"] == 4
    assert len(decoded.ledger.rejected) == 1


def test_status_of_a_ctd_without_a_sample(decode_bytes):
    content = ctd_modem_file(0)
    decoded = decode_bytes(content)
    assert (decoded.reader, decoded.streams) == ("sbe16plus_imodem", {})
    assert decoded.ledger.bytes_skipped == len(content)


def test_seaphox_in_a_log(decode_bytes):
    decoded = decode_bytes(seaphox_log(3))
    assert decoded.reader == "seaphox_dcl"
    samples = decoded.streams["samples"]
    first = [samples[name].values[0] for name in list(samples.data_vars)[:9]]
    assert first == [9.4181, 7.8097, -0.99348, 7.1, 33.1319, 3.57378, 4.215 * MICROMOLE_PER_MILLILITRE, 0.0, 9.7]
    assert samples["time"].values[1] == np.datetime64("2024-09-03T01:33:50", "us")
    assert samples["logger_clock_offset"].values.tolist() == [8_804_000] * 3
    assert samples["sample_number"].values.tolist() == [11_937, 11_945, 11_953]
    assert samples.attrs["serial_number"] == "02071"
    start, length = int(samples["source_offset"][0]), int(samples["source_length"][0])
    assert seaphox_log(3)[start : start + length].startswith(b"2024/09/03 00:33:58.804 DSPHOX02071,")
    reasons = {span.reason for span in decoded.ledger.skipped}
    assert reasons == {"logger message", "terminal dialogue"}
    assert not decoded.ledger.rejected


@pytest.mark.parametrize("tag", ["", "[cphox1:DLOGP6]:"])
def test_shallow_seaphox_in_a_log(decode_bytes, tag):
    decoded = decode_bytes(seaphox_log(3, shallow=True, tag=tag))
    samples = decoded.streams["samples"]
    assert samples["ph_internal"].values.tolist() == [7.9808] * 3
    assert samples["ph_internal_voltage"].values.tolist() == [-1.029476] * 3
    assert samples["ph_sensor_temperature"].values.tolist() == [26.9785] * 3
    assert samples["pressure"].values.tolist() == [24.609] * 3
    assert samples["internal_temperature"].values.tolist() == [27.1] * 3
    assert not decoded.ledger.rejected


def _bare(log):
    return b"".join(line[24:] for line in log.splitlines(keepends=True) if b"SPHOX" in line)


@pytest.mark.parametrize("shallow", [False, True])
@pytest.mark.parametrize("count", [1, 5])
def test_records_as_the_instrument_sends_them(decode_bytes, shallow, count):
    log = seaphox_log(count, shallow=shallow)
    bare, logged = decode_bytes(_bare(log)), decode_bytes(log)
    assert (bare.reader, logged.reader) == ("seaphox_imodem", "seaphox_dcl")
    first, second = bare.streams["samples"], logged.streams["samples"].drop_vars("logger_clock_offset")
    assert {str(name) for name in first.data_vars} == {str(name) for name in second.data_vars}
    for name in (*first.data_vars, "time"):
        assert first[name].values.tobytes() == second[name].values.tobytes()


@pytest.mark.parametrize(
    ("whole", "damaged", "reason"),
    [
        (b"-0.993480,    7.100", b"-0.993480,", "not a whole record of a SeapHOx"),
        (b", 9.7\n", b", 9\n", "not a whole record of a SeapHOx"),
        (b"DSPHOX", b"DSP\x00HOX", "not a whole record of a SeapHOx"),
        (b"DSPHOX", b"garbage DSPHOX", "not a whole record of a SeapHOx"),
        (b"2024-09-03T", b"2024-19-03T", "instrument's clock is not a time"),
        (b"2024/09/03 00:33", b"2024/09/03 00:73", "stamp is not a time"),
        (b"2024/09/03 00:33:58.804 ", b"", "record without the logger's stamp"),
        (b"2024/09/03 00:33:58.804 ", b"2024/09/03 00:33:58.804\n", "record without the logger's stamp"),
    ],
)
def test_damaged_seaphox_record_in_a_log(decode_bytes, whole, damaged, reason):
    log = seaphox_log(3)
    content = log.replace(whole, damaged, 1)
    assert content != log
    decoded = decode_bytes(content)
    assert decoded.streams["samples"].sizes["time"] == 2
    assert {span.reason for span in decoded.ledger.rejected} >= {reason}
    assert decoded.ledger.bytes_rejected > 50


def test_a_tag_makes_no_noise_of_a_damaged_record(decode_bytes):
    log = seaphox_log(3, tag="[cphox1:DLOGP6]:")
    decoded = decode_bytes(log.replace(b",7.8097,", b",7.8O97,", 1))
    assert decoded.streams["samples"].sizes["time"] == 2
    assert [span.reason for span in decoded.ledger.rejected] == ["not a whole record of a SeapHOx"]


def test_seaphox_records_of_another_layout_are_not_mixed_in(decode_bytes):
    decoded = decode_bytes(seaphox_log(4) + seaphox_log(2, shallow=True))
    assert decoded.streams["samples"].sizes["time"] == 4
    assert "ph_internal" not in decoded.streams["samples"]
    assert len(decoded.ledger.rejected) == 2


def test_a_day_of_messages_alone_is_of_its_series(decode_bytes):
    silent = b"".join(line for line in seaphox_log().splitlines(keepends=True) if b"cphox1" in line)
    decoded = decode_bytes(silent)
    assert (decoded.reader, decoded.streams) == ("seaphox_dcl", {})
    late = decode_bytes(silent * 40 + seaphox_log(2))
    assert late.streams["samples"].sizes["time"] == 2


def test_modem_of_a_microcat_without_pressure(decode_bytes):
    samples = decode_bytes(imodem_file(3)).streams["samples"]
    assert samples["temperature"].values.tolist() == [25.3184, 25.3185, 25.3186]
    assert samples["conductivity"].values.tolist() == pytest.approx([1e-5, 2e-5, 3e-5])
    assert "pressure" not in samples
    assert np.diff(samples["time"].values).astype(int).tolist() == [60_000_000] * 2


def test_modem_pressure_needs_the_range(decode_bytes):
    line = b"#MCAT Status\r\n#Begin Data\r\n563A00C351E50A28D3531B\r\n#End Data\r\n"
    with pytest.raises(CalibrationError, match="PressureRange"):
        decode_bytes(line)
    samples = decode_bytes(line, calibration={"pressure": {"PRANGE": 1450}}).streams["samples"]
    # 28D3531B, least significant byte first, is 0x1B53D328 seconds after 2000.
    seconds = samples["time"].values[0] - np.datetime64("2000-01-01", "us")
    assert seconds == np.timedelta64(458_478_376, "s")
    span = (1450 - 14.7) * 0.689476
    assert samples["pressure"].item() == pytest.approx(0x0AE5 * span / (0.85 * 65536) - 0.05 * span)


def test_bursts_of_a_logger(corpus):
    path = corpus / "sbe26plus_dcl" / "20131013.presf.log"
    streams = ingest.decode(path).streams
    sizes = {name: stream.sizes["time"] for name, stream in streams.items()}
    assert sizes == {"tide": 3, "wave_burst": 3, "wave_frequency": 3, "wave_sample": 3072}
    tide = streams["tide"]
    logger = tide["time"].values + tide["logger_clock_offset"].values.astype("timedelta64[us]")
    assert logger[0] == np.datetime64("2013-10-13T00:00:21.235", "us")
    # The start of an hour's integration, on the day before.
    assert tide["time"].values[0] == np.datetime64("2013-10-12T23:00:23", "us")
    assert streams["wave_sample"]["absolute_pressure"].values[0] == pytest.approx(14.8383 * 0.689476)


LINE = "2014/03/01 00:00:{:02d}.500 {}22.{:04d},  {:.5f}, -0.06{}, {}01 Mar 2014 00:00:{:02d}{}\r\n"


def _lines(count, extra="", behind="", tag="# "):
    rows = [LINE.format(n, tag, n, 3.5 + n / 1e5, n % 10, extra, n - 1, behind) for n in range(1, count)]
    return "".join(rows).encode()


def test_four_fields(decode_bytes):
    samples = decode_bytes(_lines(20)).streams["samples"]
    assert set(samples.data_vars) == {"temperature", "conductivity", "pressure", "logger_clock_offset"}
    assert (samples["logger_clock_offset"] == 1_500_000).all()
    assert (samples["pressure"] < 0).all()


@pytest.mark.parametrize("tag", ["", "#", "## ", "[ctdbp1:DLOGP3]:", "[ctdbp1:DLOGP3]: # "])
def test_marks_before_the_first_value(decode_bytes, tag):
    assert decode_bytes(_lines(9, tag=tag)).streams["samples"].sizes["time"] == 8


def test_what_a_single_further_value_is(decode_bytes):
    oxygen = decode_bytes(_lines(9, extra="267.731, ")).streams["samples"]
    assert oxygen["oxygen_concentration_uncompensated"].values[0] == 267.731
    wanted = f"{gsw.SP_from_C(35.0, 22.0, 0.0):.4f}"
    salinity = decode_bytes(_lines(9, extra=f" {wanted}, ")).streams["samples"]
    assert salinity["practical_salinity"].values[0] == float(wanted)


def test_counts_and_values_without_a_name(decode_bytes):
    counts = decode_bytes(_lines(9, extra="4130, 1263, 55, ")).streams["samples"]
    assert counts["optical_counts_1"].values[0] == 1263
    more = decode_bytes(_lines(9, behind=", 11.4, 2.3")).streams["samples"]
    assert more["unmapped_columns"].values[0].tolist() == [11.4, 2.3]
    assert "not named in the file" in more.attrs["unmapped_columns"]


def test_lines_of_another_layout_are_not_mixed_in(decode_bytes):
    content = _lines(9) + _lines(3, extra="267.731, ")
    decoded = decode_bytes(content)
    assert decoded.streams["samples"].sizes["time"] == 8
    assert [span.reason for span in decoded.ledger.rejected] == ["record of another layout than most"]


@pytest.mark.parametrize(
    "damage",
    [
        ("22.0004", ".0004"),
        ("22.0004", "22"),
        ("3.50004", ".50004"),
        ("-0.064", "-.064"),
        ("-0.064", "-0"),
        ("267.731, 01 Mar 2014 00:00:03", "267.7, 01 Mar 2014 00:00:03"),
    ],
)
def test_values_that_lost_digits_are_not_taken_for_others(decode_bytes, damage):
    content = _lines(9, extra="267.731, ")
    damaged = content.replace(*(text.encode() for text in damage))
    assert damaged != content
    decoded = decode_bytes(damaged)
    assert decoded.streams["samples"].sizes["time"] == 7
    assert [span.reason for span in decoded.ledger.rejected] == ["value that lost digits"]


def test_bursts_of_an_upload_by_hand(corpus):
    streams = ingest.decode(corpus / "sbe26plus_hex" / "presf_abc_test_1.hex").streams
    burst = streams["wave_burst"]
    u = 1e6 / (43_983_684 / 256) - 5.821564
    t0 = (30.06687 + 0.964735 * u + 43.28319 * u**2 + 92.59003 * u**3) / 1e6
    w = 1 - (t0 * 9_076_879 / 256) ** 2
    c = -5916.308 + 195.7207 * u + 16601.59 * u**2
    psia = c * w * (1 - 0.068552 * w) - 0.4079
    assert burst["absolute_pressure"].values[0, 0] == pytest.approx(psia * 0.689476, rel=1e-9)
    assert burst["burst_samples"].item() == 2
    assert np.isfinite(burst["absolute_pressure"]).sum() == 2
    assert streams["tide"]["absolute_pressure"].item() == pytest.approx((3_631_057 - 838.8) / 12582.9 * 0.689476)


def test_damaged_marks_of_bursts(corpus, decode_bytes):
    content = (corpus / "sbe26plus_hex" / "presf_abc_test_3.hex").read_bytes()
    lost_end = content.replace(b"FFFFFFFFFFFFFFFFFF\r\n02D290", b"FFFFFFF0FFFFFFFFFF\r\n02D290", 1)
    lost_start = content.replace(b"000000000000000000\r\n1BF0A7", b"0000000000\r\n1BF0A7", 1)
    for damaged in (lost_end, lost_start):
        assert damaged != content
        decoded = decode_bytes(damaged)
        assert decoded.streams["wave_burst"].sizes["time"] == 3
        assert decoded.streams["tide"].sizes["time"] in (16, 17)
        assert decoded.ledger.rejected
