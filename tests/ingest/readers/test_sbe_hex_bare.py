"""Sea-Bird hexadecimal samples without a header: what is sure of them, what a calibration tells, what is none."""

import hashlib

import numpy as np
import pytest

import ingest
from ingest.calibration.xmlcon import parse_xmlcon
from ingest.errors import CalibrationError, UnknownFormatError
from ingest.reader import claim
from ingest.readers import sbe_hex_bare
from tests.ingest.conftest import same_values
from tests.ingest.made.files import CONDUCTIVITY, NO_PRESSURE, TEMPERATURE, sbe37_header
from tests.ingest.made.sea_bird import OPTICAL, STRAIN, bare_file, bare_lines, bare_log
from tests.ingest.made.xmlcon import ECO, NOT_IN_USE, NTU, xmlcon_file

STRAIN_GAUGE = {
    "PA0": 1.054949e-03, "PA1": 4.853700e-04, "PA2": -2.070713e-12, "PTCA0": 5.236075e05, "PTCA1": 4.346490e00,
    "PTCA2": -1.758472e-01, "PTCB0": 2.526225e01, "PTCB1": 6.5e-04, "PTCB2": 0.0, "PTEMPA0": -6.152156e01,
    "PTEMPA1": 5.181662e01, "PTEMPA2": -2.894098e-01, "POFFSET": 0.0,
}  # fmt: skip
QUARTZ = {name: 1.0 for name in ("PC1", "PC2", "PC3", "PD1", "PD2", "PT1", "PT2", "PT3", "PT4", "PSLOPE", "POFFSET")}
WATER = {"temperature": TEMPERATURE, "conductivity": {**CONDUCTIVITY, "reference_pressure": 1120}}
WITH_PRESSURE = {**WATER, "pressure": STRAIN_GAUGE}


def _content(lines, line_end="\r\n"):
    return "".join(line + line_end for line in lines).encode()


def test_what_is_sure_without_a_calibration(decode_bytes):
    decoded = decode_bytes(bare_file())
    assert decoded.reader == "sbe_hex_bare"
    samples = decoded.streams["samples"]
    count = np.arange(60)
    np.testing.assert_array_equal(samples["temperature_counts"], 0x061AE3 + 3 * count)
    np.testing.assert_array_equal(samples["conductivity_frequency"], (0x0A7E35 - 2 * count) / 256)
    np.testing.assert_array_equal(samples["unnamed_sample_bytes"], [list(bytes.fromhex(STRAIN + OPTICAL))] * 60)
    seconds = (samples["time"].values - np.datetime64("2000-01-01", "us")) // np.timedelta64(1, "s")
    np.testing.assert_array_equal(seconds, 563_565_861 + 600 * count)
    assert samples.attrs["calibration"].startswith("none in the file and none given")
    possible = samples.attrs["possible_samples"].split("; ")
    strain = "SBE16plus: temperature conductivity pressure pressure_temperature"
    assert f"{strain} wetlabs_0 wetlabs_1 wetlabs_2 seconds" in possible
    assert any(one.startswith("SBE37SMP-ODO: temperature conductivity oxygen_phase") for one in possible)
    assert [(span.offset, span.length) for span in decoded.ledger.rejected] == [(0, 4)], "the end of a cut sample"
    assert decoded.ledger.adds_up


def test_lines_of_a_logger(decode_bytes):
    decoded = decode_bytes(bare_log(), name="20171110.ctdbp.log")
    samples = decoded.streams["samples"]
    assert samples["temperature_counts"].size == 60
    stamps = np.datetime64("2017-11-10T00:40:00.125", "us") + np.arange(60) * np.timedelta64(3600, "s")
    wanted = (stamps - samples["time"].values).astype(np.int64)
    np.testing.assert_array_equal(samples["logger_clock_offset"], wanted)
    assert [span.reason for span in decoded.ledger.skipped] == ["logger message"]
    assert not decoded.ledger.rejected


@pytest.mark.parametrize(
    ("device", "channels", "between"),
    [
        ("SBE37SM-RS232", None, ""),
        ("SBE37SM-RS232", None, STRAIN),
        ("SBE37SMP-ODO-RS232", None, "3567E0200B20" + STRAIN),
        ("SBE16plus V2", None, STRAIN),
        ("SBE16plus V2", "WETLABS", STRAIN + OPTICAL),
        ("SBE19plus V2", "Volt 0, volt 1, SBE38", STRAIN + "33331234124F80"),
    ],
)
def test_a_calibration_gives_what_a_header_gives(decode_bytes, device, channels, between):
    content = _content(bare_lines(20, between))
    given = WITH_PRESSURE if STRAIN in between else WATER
    named = {"MODEL": device} | ({} if channels is None else {"CHANNELS": channels})
    bare = decode_bytes(content, calibration={**given, "Instrument": named})
    switched = {"": (), "WETLABS": ("WETLABS",), "Volt 0, volt 1, SBE38": ("ExtVolt0", "ExtVolt1", "SBE38")}
    header = sbe37_header(*(f"<{one}>yes</{one}>" for one in switched[channels or ""]), "mode = moored", device=device)
    told = decode_bytes(header + content, calibration=given)
    assert (bare.reader, told.reader) == ("sbe_hex_bare", "sbe_hex")
    ours, theirs = bare.streams["samples"], told.streams["samples"]
    assert "temperature" in ours
    assert ("pressure" in ours) == (STRAIN in between)
    assert same_values(ours, theirs.assign_coords(source_offset=theirs["source_offset"] - len(header)))
    assert ours.attrs["instrument_model"] == device
    assert "possible_samples" not in ours.attrs


def test_an_xmlcon_names_the_instrument_and_its_voltages(decode_bytes):
    content = _content(bare_lines(10, STRAIN + "4CCC26660F5C6666"))
    calibration = parse_xmlcon(xmlcon_file(NOT_IN_USE, ECO, NTU, NOT_IN_USE))
    samples = decode_bytes(content, calibration=calibration).streams["samples"]
    np.testing.assert_allclose(samples["chlorophyll_concentration"], 10 * (0x2666 / 13_107 - 0.068))
    np.testing.assert_allclose(samples["turbidity"], 5 * (0x0F5C / 13_107 - 0.059))
    assert samples.attrs["instrument_model"] == "SBE 19plus V2 Seacat CTD"
    assert samples.attrs["external_voltage_1_sensor"].endswith("gives chlorophyll_concentration")
    fewer = parse_xmlcon(xmlcon_file(ECO, NTU))
    with pytest.raises(CalibrationError, match="with these sensors has another number of them"):
        decode_bytes(content, calibration=fewer)


BARE = _content(bare_lines(10, STRAIN + "4CCC26660F5C6666"))


@pytest.mark.parametrize("suffix", [".xmlcon", ".XMLCON"])
def test_an_xmlcon_beside_the_file_counts(decode_bytes, tmp_path, suffix):
    sheet = tmp_path / f"cast{suffix}"
    sheet.write_bytes(xmlcon_file(NOT_IN_USE, ECO, NTU, NOT_IN_USE))
    for block_bytes in (50, 100_000):
        samples = decode_bytes(BARE, name="cast.hex", block_bytes=block_bytes).streams["samples"]
        np.testing.assert_allclose(samples["turbidity"], [5 * (0x0F5C / 13_107 - 0.059)] * 10)
    colder = decode_bytes(BARE, name="cast.hex", calibration={"Temperature": TEMPERATURE}).streams["samples"]
    assert (colder["temperature"] != samples["temperature"]).all(), "what the user gives counts before it"
    assert "temperature_counts" in decode_bytes(BARE, name="other.hex").streams["samples"]
    assert ingest.descriptions(tmp_path / "cast.hex") == (sheet,)
    assert ingest.is_description(sheet.name)
    assert not ingest.description_mistakes(sheet)


def test_an_xmlcon_beside_a_header_does_not_count(decode_bytes, tmp_path):
    (tmp_path / "cast.xmlcon").write_bytes(b"no sensors")
    content = sbe37_header(*NO_PRESSURE) + _content(bare_lines(10))
    assert decode_bytes(content, name="cast.hex").reader == "sbe_hex"
    assert ingest.descriptions(tmp_path / "cast.hex") == ()
    assert ingest.description_mistakes(tmp_path / "cast.xmlcon") == ()


def test_a_wrong_xmlcon_beside_the_file_is_named(decode_bytes, tmp_path):
    (tmp_path / "cast.xmlcon").write_bytes(b"no sensors")
    with pytest.raises(CalibrationError, match=r"cast\.xmlcon: no <Sensors>"):
        decode_bytes(BARE, name="cast.hex")
    (mistake,) = ingest.description_mistakes(tmp_path / "cast.xmlcon")
    assert "no <Sensors>" in str(mistake)
    assert not ingest.description_mistakes(tmp_path / "missing.xmlcon")


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ({**WITH_PRESSURE}, "nothing says which instrument wrote the lines"),
        ({**WITH_PRESSURE, "instrument": {"MODLE": "SBE16plus"}}, r"instrument has MODLE: give as `instrument`"),
        ({**WITH_PRESSURE, "instrument": {"MODEL": "SBE 52-MP"}}, "MODEL is 'SBE 52-MP'; an SBE 37, HydroCAT"),
        ({**WITH_PRESSURE, "instrument": {"MODEL": "SBE 16plus"}}, "can be SBE16plus: .* wetlabs_0 .* or SBE16plus: "),
        ({**WITH_PRESSURE, "instrument": {"MODEL": "SBE 16plus", "CHANNELS": "optic"}}, "CHANNELS has optic; volt 0, "),
        ({**WITH_PRESSURE, "instrument": {"MODEL": "SBE 16plus", "CHANNELS": "volt 0"}}, "another number of them"),
        ({**WATER, "instrument": {"MODEL": "SBE 16plus", "CHANNELS": "wetlabs"}}, "can be .*pressure.*quartz_freq"),
        ({**WATER, "instrument": {"MODEL": "SBE 37-ODO"}}, "pressure calibration lacks PA0"),
    ],
)
def test_too_little_told_is_said_and_never_guessed(decode_bytes, given, words):
    with pytest.raises(CalibrationError, match=words):
        decode_bytes(bare_file(), calibration=given)


def test_the_pressure_sensor_is_of_the_kind_that_is_calibrated(decode_bytes):
    named = {"instrument": {"MODEL": "SBE 16plus V2", "CHANNELS": ""}}
    content = _content(bare_lines(5, STRAIN))
    strain = decode_bytes(content, calibration={**WITH_PRESSURE, **named}).streams["samples"]
    quartz = decode_bytes(content, calibration={**WATER, "pressure": QUARTZ, **named}).streams["samples"]
    assert (strain["pressure"] != quartz["pressure"]).all()


DAMAGED = bare_lines(40, STRAIN)
DAMAGED[3] = DAMAGED[3][:-2] + "G0"
DAMAGED[7] = DAMAGED[7][:-1]
DAMAGED[9] = "S>"
DAMAGED[20] = ""
DAMAGED[30] = f"  {DAMAGED[30].lower()} "


@pytest.mark.parametrize("block_bytes", [7, 100, 70_000])
def test_damage_costs_its_line(decode_bytes, block_bytes):
    decoded = decode_bytes(_content(DAMAGED), block_bytes=block_bytes)
    taken = [n for n in range(40) if n not in (3, 7, 9, 20)]
    np.testing.assert_array_equal(decoded.streams["samples"]["temperature_counts"], 0x061AE3 + 3 * np.array(taken))
    assert [(span.length, span.reason) for span in decoded.ledger.rejected] == [
        (32, "line of another form than the samples"),
        (31, "line of another form than the samples"),
    ]
    assert [span.reason for span in decoded.ledger.skipped] == ["terminal dialogue", "blank line"]
    assert decoded.ledger.adds_up


def test_damaged_lines_of_a_logger(decode_bytes):
    lines = bare_log(30).split(b"\n")
    lines[4] = lines[4].replace(b"2017/11/", b"2017/31/")
    lines[6] = lines[6][24:]
    lines[8] = lines[8].replace(b".125 ", b".125 [ctdbp1:DLOGP4]:")
    lines[9] = lines[9].replace(b".125 ", b".125 [ctdbp1:DLOGP4]:")[:-3]
    decoded = decode_bytes(b"\n".join(lines))
    assert decoded.streams["samples"].sizes["time"] == 27, "a tag stands before data as well"
    assert [span.reason for span in decoded.ledger.rejected] == [
        "stamp is not a time", "line of another form than the samples", "line of another form than the samples",
    ]  # fmt: skip


def test_a_logger_that_tags_every_sample(decode_bytes):
    # As an instrument is logged that is switched on for each sample; a log of tagged noise is a silent one otherwise.
    content = bare_log(30).replace(b".125 ", b".125 [ctdbp1:DLOGP4]:")
    assert [one.name for one in ingest.discover().values() if one.sniff(content, "x.log")] == ["sbe_hex_bare"]
    assert decode_bytes(content).streams["samples"].sizes["time"] == 30


def _hashes(count):
    return [hashlib.sha1(bytes([n])).hexdigest().upper() for n in range(count)]


FOREIGN = {
    "hashes": _hashes(50),
    "lower case": [line.lower() for line in bare_lines(50, STRAIN)],
    "a time that stands": bare_lines(50, STRAIN, step=0),
    "a time that runs back": bare_lines(50, STRAIN)[::-1],
    "a time that leaps": bare_lines(50, STRAIN, step=8 * 86_400),
    "no frequency": [line[:6] + "00007F" + line[12:] for line in bare_lines(50, STRAIN)],
    "no sample has so many digits": bare_lines(50, "08"),
    "no temperature": ["F" + line[1:] for line in bare_lines(50, STRAIN)],
    "no time yet": [line[:-8] + f"{0x7FFFFF00 + n:08X}" for n, line in enumerate(bare_lines(50, STRAIN))],
    "half of it something else": [*bare_lines(30, STRAIN), *["Dear reader, this is a letter."] * 30],
    "behind a header": ["# something else", *bare_lines(50, STRAIN)],
}


@pytest.mark.parametrize("kind", FOREIGN)
def test_other_hexadecimal_lines_are_not_claimed(kind):
    for line_end in ("\n", "\r\n"):
        with pytest.raises(UnknownFormatError):
            claim(_content(FOREIGN[kind], line_end), "upload.hex")
    for count in (1, 2, 50):
        assert claim(_content(bare_lines(count, STRAIN)), "any.txt").name == "sbe_hex_bare"


def test_a_single_line_of_any_digits_is_seldom_claimed():
    heads = [hashlib.sha1(bytes([n // 256, n % 256])).hexdigest().upper().encode() for n in range(2000)]
    assert sum(sbe_hex_bare.sniff(head, "any.txt") for head in heads) < 30


def test_hexadecimal_lines_that_nothing_describes_are_named():
    with pytest.raises(UnknownFormatError, match=r"hexadecimal digits that nothing .* `\*` lines"):
        claim(_content(_hashes(50)), "upload.hex")


def test_a_header_goes_before_a_guess():
    content = sbe37_header() + _content(bare_lines(20, STRAIN))
    assert [one.name for one in ingest.discover().values() if one.sniff(content, "upload.hex")] == ["sbe_hex"]
