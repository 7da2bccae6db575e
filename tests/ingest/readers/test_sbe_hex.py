"""Sea-Bird hex uploads of MicroCATs: headers as firmware and upload software write them, coefficients, damage."""

import math

import numpy as np
import pytest

from ingest.calibration import sea_bird
from ingest.errors import CalibrationError, UnknownFormatError
from ingest.sea_bird.header import parse_header
from tests.ingest.made.files import (
    CONDUCTIVITY,
    NO_PRESSURE,
    TEMPERATURE,
    sbe37_file,
    sbe37_header,
    sbe37_line,
)

LINE = sbe37_line(637_437, 1_375_880, 563_565_861)

PRESSURE = {
    "PA0": 1.054949e-03, "PA1": 4.853700e-04, "PA2": -2.070713e-12, "PTCA0": 5.236075e05, "PTCA1": 4.346490e00,
    "PTCA2": -1.758472e-01, "PTCB0": 2.526225e01, "PTCB1": 6.5e-04, "PTCB2": 0.0, "PTEMPA0": -6.152156e01,
    "PTEMPA1": 5.181662e-02, "PTEMPA2": -2.894098e-07, "POFFSET": 0.0,
}  # fmt: skip


def _numbers(coefficients):
    return {name: float(value) for name, value in coefficients.items()}


def _by_hand(counts, hertz, pressure):
    """Temperature and conductivity by the calibration sheet, in plain Python."""
    a, c = _numbers(TEMPERATURE), _numbers(CONDUCTIVITY)
    log = math.log(counts)
    celsius = 1 / (a["A0"] + a["A1"] * log + a["A2"] * log**2 + a["A3"] * log**3) - 273.15
    f = hertz * math.sqrt(1 + c["WBOTC"] * celsius) / 1000
    top = c["G"] + c["H"] * f**2 + c["I"] * f**3 + c["J"] * f**4
    return celsius, top / (1 + c["TCOR"] * celsius + c["PCOR"] * pressure)


@pytest.mark.parametrize("quote", ["'", '"'])
@pytest.mark.parametrize("line_end", [b"\n", b"\r\n"])
def test_sample_without_pressure(decode_bytes, quote, line_end):
    header = sbe37_header(*NO_PRESSURE, quote=quote).replace(b"\n", line_end)
    decoded = decode_bytes(header + LINE + line_end)
    samples = decoded.streams["samples"]
    assert set(samples.data_vars) == {"temperature", "conductivity"}
    celsius, siemens = _by_hand(637_437, 1_375_880 / 256, 1120.0)
    np.testing.assert_allclose(samples["temperature"], [celsius], rtol=1e-12)
    np.testing.assert_allclose(samples["conductivity"], [siemens], rtol=1e-12)
    assert samples["time"].values[0] == np.datetime64("2000-01-01", "us") + np.timedelta64(563_565_861, "s")
    assert (samples["source_offset"].item(), samples["source_length"].item()) == (len(header), 20)
    assert samples.attrs == {
        "instrument_model": "SBE37SM-RS232",
        "serial_number": "03700001",
        "firmware": "4.1",
        "calibration_temperature_date": "17-Aug-17",
        "calibration_conductivity_date": "17-Aug-17",
    }
    assert decoded.ledger.bytes_accepted == decoded.bytes


def test_reference_pressure_is_never_made_up(decode_bytes):
    content = sbe37_header("<PressureInstalled>no</PressureInstalled>") + LINE
    with pytest.raises(CalibrationError, match=r"reference pressure is None.*reference_pressure"):
        decode_bytes(content)
    given = {"conductivity": {**CONDUCTIVITY, "reference_pressure": 1120}}
    siemens = decode_bytes(content, calibration=given).streams["samples"]["conductivity"].item()
    assert siemens == decode_bytes(sbe37_header(*NO_PRESSURE) + LINE).streams["samples"]["conductivity"].item()


def test_pressure_with_offset(decode_bytes):
    line = b"09B9FD14FE88095E0404842198A5A1"  # first sample of SBE37SM-RS232_03716125_2017_11_16.hex
    content = sbe37_header("<PressureInstalled>yes</PressureInstalled>") + line + b"\n"
    plain = decode_bytes(content, calibration={"pressure": PRESSURE}).streams["samples"]
    moved = decode_bytes(content, calibration={"Pressure": {**PRESSURE, "POFFSET": "2.5"}}).streams["samples"]
    # 20.072 is what the maker's own conversion of this upload prints.
    assert round(plain["pressure"].item(), 3) == 20.072
    assert moved["pressure"].item() - plain["pressure"].item() == pytest.approx(2.5, abs=1e-12)
    assert plain["pressure_sensor_temperature"].item() == pytest.approx(
        -61.52156 + 0.05181662 * 0x484 - 2.894098e-07 * 0x484**2, rel=1e-12
    )


@pytest.mark.parametrize("line", [LINE, b"09B9FD14FE88095E0404842198A5A1"])
def test_first_sample_decides_where_the_header_is_silent(decode_bytes, line):
    given = {"pressure": PRESSURE, "conductivity": {**CONDUCTIVITY, "reference_pressure": 0}}
    bad = b"no sample at all\n"
    decoded = decode_bytes(sbe37_header() + bad + (line + b"\n") * 3 + LINE + b"\n", calibration=given, block_bytes=50)
    samples = decoded.streams["samples"]
    assert ("pressure" in samples) == (len(line) == 30)
    assert samples.sizes["time"] == (3 if len(line) == 30 else 4)
    reasons = [span.reason for span in decoded.ledger.rejected]
    assert reasons[0] == "line of 16 characters, a sample has 30 or 20"
    assert reasons[1:] == (["sample of another layout than the first"] if len(line) == 30 else [])


def test_missing_coefficients_are_named(decode_bytes):
    content = sbe37_header(*NO_PRESSURE, calibration=False) + LINE
    with pytest.raises(CalibrationError, match="raw: temperature calibration lacks A0, A1, A2, A3"):
        decode_bytes(content)
    with pytest.raises(CalibrationError, match=r"conductivity calibration lacks G, H, .*, WBOTC: give all"):
        decode_bytes(content, calibration={"temperature": TEMPERATURE})
    whole = decode_bytes(content, calibration={"temperature": TEMPERATURE, "conductivity": CONDUCTIVITY})
    assert whole.streams["samples"]["temperature"].item() == pytest.approx(-1.9117504, abs=1e-7)
    assert "calibration_temperature_date" not in whole.streams["samples"].attrs


@pytest.mark.parametrize("value", ["1.2.3", "nan", "1e999", ""])
def test_coefficient_that_is_no_number(decode_bytes, value):
    given = {"temperature": {**TEMPERATURE, "A1": value}}
    with pytest.raises(CalibrationError, match=r"temperature calibration: A1 is .*a finite number was expected"):
        decode_bytes(sbe37_file(3), calibration=given)


def test_given_calibration_replaces_the_header(decode_bytes):
    given = {"temperature": {**TEMPERATURE, "a0": "0", "CalDate": "01-Jan-20"}}
    given["temperature"].pop("A0")
    changed, same = decode_bytes(sbe37_file(3), calibration=given), decode_bytes(sbe37_file(3))
    assert (changed.streams["samples"]["temperature"] != same.streams["samples"]["temperature"]).all()
    assert changed.streams["samples"].attrs["calibration_temperature_date"] == "01-Jan-20"


TEXT_HEADER = b"""* Sea-Bird SBE37 Data File:
* FileName = C:\\data\\1777.hex
* Temperature SN = 1777
* ds
* SBE37-SM V 2.6b  SERIAL NO. 1777    24 Mar 2019  23:34:51
* samplenumber = 2, free = 243867
* reference pressure = 1000.0 db
* temperature = 11.72 deg C
*
* S>
* SBE37-SM V 2.6b  1777
* temperature:  21-mar-15
*     TA0 = -1.898409e-04
*     TA1 = 3.136087e-04
*     TA2 = -4.461848e-06
*     TA3 = 2.019781e-07
* conductivity:  22-mar-15
*     G = -1.001932e+00
*     H = 1.284250e-01
*     I = -9.960452e-05
*     J = 2.347041e-05
*     CPCOR = -9.570000e-08
*     CTCOR = 3.250000e-06
*     WBOTC = -1.491050e-07
* rtc:  08-nov-05
*     RTCA0 = 9.999862e-01
* S>
*END*
"""


def test_text_header_of_old_firmware(decode_bytes):
    decoded = decode_bytes(TEXT_HEADER + LINE + b"\nS>\n")
    samples = decoded.streams["samples"]
    celsius, siemens = _by_hand(637_437, 1_375_880 / 256, 1000.0)
    assert samples["temperature"].item() == pytest.approx(celsius, rel=1e-12)
    assert samples["conductivity"].item() == pytest.approx(siemens, rel=1e-12)
    assert decoded.ledger.expected_records == 2
    # What follows another heading, such as the clock's coefficients, is not the conductivity cell's.
    assert parse_header(TEXT_HEADER).coefficients["conductivity"] == CONDUCTIVITY
    assert samples.attrs == {
        "instrument_model": "SBE37-SM",
        "serial_number": "1777",
        "firmware": "2.6b",
        "calibration_temperature_date": "21-mar-15",
        "calibration_conductivity_date": "22-mar-15",
    }


def test_text_header_without_coefficients(decode_bytes):
    header = TEXT_HEADER[: TEXT_HEADER.index(b"* S>")] + b"*END*\n"
    with pytest.raises(CalibrationError, match="temperature calibration lacks A0"):
        decode_bytes(header + LINE)


def test_blank_lines_between_xml_lines_change_nothing():
    header = sbe37_header(*NO_PRESSURE)
    assert parse_header(header.replace(b"\n", b"\n* \n")) == parse_header(header)


def test_what_is_no_sample(decode_bytes):
    lines = [LINE, b"", b"S>", b" S>stop", LINE[:-1], LINE[:-1] + b"G", b"<Executed/>", LINE.lower(), b"x" * 5000, LINE]
    decoded = decode_bytes(sbe37_header(*NO_PRESSURE) + b"\n".join(lines))
    assert decoded.streams["samples"].sizes["time"] == 3
    assert [(span.length, span.reason) for span in decoded.ledger.skipped] == [
        (1, "blank line"),
        (3 + 8, "terminal dialogue"),
        (12, "terminal dialogue"),
    ]
    assert [(span.length, span.reason) for span in decoded.ledger.rejected] == [
        (20, "line of 19 characters, a sample has 20"),
        (21, "line with characters that are not hexadecimal digits"),
        (4096, "line of 4096 characters, a sample has 20"),
        (905, "line of 904 characters, a sample has 20"),
    ]
    assert decoded.ledger.adds_up


def test_counts_without_a_value_give_nan(decode_bytes):
    lines = [sbe37_line(0, 0, 0), sbe37_line(2**24 - 1, 2**24 - 1, 2**32 - 1)]
    samples = decode_bytes(sbe37_header(*NO_PRESSURE) + b"\n".join(lines)).streams["samples"]
    assert np.isnan(samples["temperature"].values).tolist() == [True, False]
    assert np.isnan(samples["conductivity"].values).tolist() == [True, False]
    assert samples["time"].values[1] == np.datetime64("2136-02-07T06:28:15", "us")


def test_equations_give_nan_where_they_have_no_value():
    flat = sea_bird.TemperatureCoefficients(0.0, 0.0, 0.0, 0.0)
    assert np.isnan(sea_bird.temperature([5], flat)).all()
    pole = sea_bird.ConductivityCoefficients(1.0, 0.0, 0.0, 0.0, pcor=0.0, tcor=-0.5, wbotc=0.0)
    values = sea_bird.conductivity(np.array([5000.0, 5000.0]), np.array([2.0, 4.0]), 0.0, pole)
    np.testing.assert_array_equal(values, [np.nan, -1.0])


@pytest.mark.parametrize("cut", [b"*END*\r\n", b"*END*\n", b"*END*"])
def test_header_without_samples(decode_bytes, cut):
    header = sbe37_header(*NO_PRESSURE)
    decoded = decode_bytes(header[: header.index(b"*END*")] + cut)
    assert decoded.streams == {}
    assert decoded.ledger.bytes_accepted == decoded.bytes


def test_header_without_end(decode_bytes):
    header = sbe37_header(*NO_PRESSURE)
    decoded = decode_bytes(header[: header.index(b"*END*")])
    assert decoded.streams == {}
    assert [span.reason for span in decoded.ledger.rejected] == ["header without an *END* line"]


@pytest.mark.parametrize("device", ["SBE37SM-RS485", "SBE37SMP-RS232", "SBE37-SM", "SBE37SI-RS232", "HydroCAT"])
def test_models_that_are_read(decode_bytes, device):
    decoded = decode_bytes(sbe37_header(*NO_PRESSURE, device=device) + LINE)
    assert decoded.streams["samples"].attrs["instrument_model"] == device


@pytest.mark.parametrize("device", ["SBE26plus", "SBE39", "SBE19", "SBE911plus", "SBE370SM"])
def test_models_that_are_not_read(decode_bytes, device):
    with pytest.raises(UnknownFormatError, match="text of no known format"):
        decode_bytes(sbe37_header(*NO_PRESSURE, device=device) + LINE)


@pytest.mark.parametrize(
    "after",
    [b"*END*\n   -1.9118   2.711842     20.072    34.5801  0.000e+00\n", b"# nquan = 5\n*END*\n" + LINE],
    ids=["asc", "cnv"],
)
def test_converted_files_are_not_hex(decode_bytes, after):
    header = sbe37_header(*NO_PRESSURE)
    with pytest.raises(UnknownFormatError):
        decode_bytes(header[: header.index(b"*END*")] + after)


def test_oxygen_sensor_of_a_microcat(decode_bytes):
    line = b"%06X%06X%06X%06X%08X" % (637_437, 1_375_880, 3_500_000, 2_100_000, 563_565_861)
    header = sbe37_header(*NO_PRESSURE, device="SBE37SMP-ODO-RS232")
    samples = decode_bytes(header + line).streams["samples"]
    assert samples["oxygen_phase_delay"].item() == pytest.approx(25.0)
    assert samples["oxygen_sensor_voltage"].item() == pytest.approx(1.1)
    assert "oxygen_sensor_temperature" not in samples
    given = {"oxygen": {"TA0": 6.5e-4, "TA1": 2.6e-4, "TA2": 1e-7, "TA3": 1e-7}}
    warm = decode_bytes(header + line, calibration=given).streams["samples"]["oxygen_sensor_temperature"].item()
    log = math.log(100_000 * 1.1 / 2.2)
    assert warm == pytest.approx(1 / (6.5e-4 + 2.6e-4 * log + 1e-7 * log**2 + 1e-7 * log**3) - 273.15, abs=1e-6)


def test_samples_stay_counts_only_where_no_calibration_can_be(decode_bytes):
    header = b"* Sea-Bird SBE37-IM  Data File:\n*END*\n"
    line = b"061AE307A18309282327730098967F\n"
    samples = decode_bytes(header + line).streams["samples"]
    assert samples["temperature_counts"].item() == 0x061AE3
    assert samples["conductivity_frequency"].item() == 0x07A183 / 256
    given = {"temperature": TEMPERATURE, "conductivity": CONDUCTIVITY, "pressure": PRESSURE}
    converted = decode_bytes(header + line, calibration=given).streams["samples"]
    assert {"temperature", "conductivity", "pressure"} <= set(converted.data_vars)
    assert "calibration" not in converted.attrs
