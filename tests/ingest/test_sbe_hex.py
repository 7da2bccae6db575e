"""Sea-Bird hex uploads: headers as firmware and upload software write them, layouts, coefficients, damage."""

import json
import math

import numpy as np
import pytest

import ingest
from ingest.calibration import sea_bird, sea_bird_ph
from ingest.calibration.xmlcon import parse_xmlcon
from ingest.errors import CalibrationError, UnknownFormatError
from ingest.readers import sbe_hex
from ingest.sea_bird_header import parse_header
from ingest.sea_bird_hex_layouts import layouts
from tests.ingest.made_files import (
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


def _expected(path, name):
    return json.loads(path.with_name(path.name + ".expect.json").read_text())["variables"][name]


def test_xmlcon_gives_the_makers_digits(corpus):
    """The same cast as .hex and as .cnv, whose header holds the .xmlcon."""
    path = corpus / "sbe_hex" / "19plus_V2.hex"
    converted = corpus / "sbe_cnv" / "19plus_V2_CTD-processing_example.cnv"
    calibration = parse_xmlcon(converted.read_bytes().partition(b"*END*")[0])
    ours = ingest.decode(path, calibration=calibration).streams["samples"]
    printed = ingest.decode(converted).streams["samples"]
    assert ours.sizes == printed.sizes == {"scan": 3069}
    for name, decimals in (("temperature", 4), ("conductivity", 6), ("pressure", 3)):
        np.testing.assert_allclose(ours[name], printed[name], atol=0.51 * 10.0**-decimals)
        wanted = _expected(path, name)
        assert float(ours[name].mean()) == pytest.approx(wanted["mean"], rel=1e-6)
        assert float(ours[name].min()) == pytest.approx(wanted["min"], rel=1e-6)
    # Volts, too, against what Sea-Bird's own library reads.
    raw = json.loads(path.with_name(path.name + ".expect.json").read_text())["raw_variables"]
    for channel, wanted in zip((0, 1, 2, 4), ("volt 0", "volt 1", "volt 2", "volt 3"), strict=True):
        assert float(ours[f"external_voltage_{channel}"].mean()) == pytest.approx(raw[wanted]["mean"], rel=1e-9)


def test_only_the_cast_in_the_file_is_expected(corpus):
    # The memory held 19696 samples of six casts; the upload is of the first.
    assert ingest.decode(corpus / "sbe_hex" / "19plus_V2.hex").ledger.expected_records == 3069


def test_external_ph_with_a_salinity_of_choice(corpus):
    path = corpus / "sbe_hex" / "SeaFET2.hex"
    header = parse_header(path.read_bytes().partition(b"*END*")[0])
    given = {"ph": {**header.coefficients["ph"], "reference_salinity": 30}}
    wanted = _expected(path, "ph_external")["mean"]
    ours = ingest.decode(path, calibration=given).streams["samples"]["ph_external"].item()
    assert ours == pytest.approx(wanted, 1e-9)
    # The instrument was told 20.
    assert ingest.decode(path).streams["samples"]["ph_external"].item() < wanted - 0.1


def test_external_ph_under_pressure():
    """The terms of pressure, against the equations written out once more."""
    coefficients = sea_bird_ph.ExternalCoefficients(k0=-1.4, k2=-0.001)
    volts, t, s, p = -0.95, 4.0, 34.5, 1120.0
    kelvin, bar = t + 273.15, p / 10
    nernst = 8.3144621 * kelvin * math.log(10) / 96485.365
    strength = 19.924 * s / (1000 - 1.005 * s)
    debye = 3.4286e-6 * t * t + 6.7524e-4 * t + 0.49172143
    gamma = -debye * math.sqrt(strength) / (1 + 1.394 * math.sqrt(strength)) + (0.08885 - 1.11e-4 * t) * strength
    gamma += (17.85 + 0.1044 * t - 1.316e-3 * t * t) * bar / (math.log(10) * 8.3144621 * kelvin * 10) / 2
    chloride = 0.99889 / 35.453 * s / 1.80655 / (1 - 1.005e-3 * s)
    ln = math.log(kelvin)
    exponent = -4276.1 / kelvin + 141.328 - 23.093 * ln
    exponent += (-13856 / kelvin + 324.57 - 47.986 * ln) * math.sqrt(strength)
    exponent += (35474 / kelvin - 771.54 + 114.723 * ln) * strength
    exponent += -2698 / kelvin * strength**1.5 + 1776 / kelvin * strength**2
    exponent += (18.03 - 0.0466 * t - 3.16e-4 * t * t) * bar / (8.3144621 * kelvin * 10)
    exponent += 0.5 * (-4.53 + 0.09 * t) / 1000 * bar * bar / (8.3144621 * kelvin * 10)
    constant = (1 - 1.005e-3 * s) * math.exp(exponent)
    sulfate = 0.14 / 96.062 * s / 1.80655
    wanted = (volts + 1.4 + 0.001 * t - 1e-6 * p - 2e-9 * p * p) / nernst + math.log10(chloride) + 2 * gamma
    wanted -= math.log10(1 - 1.005e-3 * s) + math.log10(1 + sulfate / constant)
    ours = sea_bird_ph.external_ph(np.array([volts]), (np.array([t]), s, p), coefficients, (1e-6, 2e-9))
    assert ours[0] == pytest.approx(wanted, abs=1e-12)


SEACAT = """* Sea-Bird SBE16plus  Data File:
* <HardwareData DeviceType='SBE16plus' SerialNumber='01600001'>
*    <Sensor id='Main Pressure'><type>{pressure}</type></Sensor>
* </HardwareData>
* <SampleLength>{length}</SampleLength>
* <DataChannels><ExtVolt0>{volt}</ExtVolt0><OPTODE>{optode}</OPTODE><SBE38>{sbe38}</SBE38></DataChannels>
* <CalibrationCoefficients DeviceType='SBE16plus' SerialNumber='01600001'>
*    <Calibration format='TEMP1' id='Main Temperature'>
*       <TA0>1.271257e-03</TA0><TA1>2.720604e-04</TA1><TA2>-9.909794e-07</TA2><TA3>1.735758e-07</TA3>
*       <TOFFSET>{offset}</TOFFSET>
*    </Calibration>
*    <Calibration format='WBCOND0' id='Main Conductivity'>
*       <G>-9.95e-01</G><H>1.38e-01</H><I>-1.02e-04</I><J>2.59e-05</J><CPCOR>-9.57e-08</CPCOR><CTCOR>3.25e-06</CTCOR>
*    </Calibration>
*    <Calibration format='QUARTZ0' id='Main Pressure'>
*       <PC1>2.289226e+02</PC1><PC2>-2.841870e-03</PC2><PC3>-2.208090e-05</PC3><PD1>3.769400e-02</PD1><PD2>0.0</PD2>
*       <PT1>2.776567e+01</PT1><PT2>-1.796980e-04</PT2><PT3>1.148220e-06</PT3><PT4>1.282930e-09</PT4>
*       <PSLOPE>1.0</PSLOPE><POFFSET>0.0</POFFSET>
*    </Calibration>
* </CalibrationCoefficients>
*END*
"""


def _seacat(**options):
    given = {"pressure": "quartzTC-0", "length": "", "volt": "no", "optode": "no", "sbe38": "no", "offset": "0.0"}
    return SEACAT.format(**given | options).encode()


def test_digiquartz(decode_bytes):
    # T 0x062000, C 0x0A7E35, frequency 0x87E800 / 256 Hz, compensation 0x6231 / 13107 V, time.
    samples = decode_bytes(_seacat() + b"0620000A7E3587E80062311F88032D\n").streams["samples"]
    u = 23.7 * (0x6231 / 13107 + 9.7917) - 273.15
    period = 1e6 / (0x87E800 / 256)
    c = 2.289226e02 - 2.841870e-03 * u - 2.208090e-05 * u**2
    t0 = 2.776567e01 - 1.796980e-04 * u + 1.148220e-06 * u**2 + 1.282930e-09 * u**3
    psia = c * (1 - t0**2 / period**2) * (1 - 3.769400e-02 * (1 - t0**2 / period**2))
    assert samples["pressure"].item() == pytest.approx((psia - 14.7) * 0.689476, abs=1e-9)
    assert 0.2 < samples["pressure"].item() < 0.7, "a deck reading"
    assert samples["pressure_sensor_temperature"].item() == pytest.approx(u)
    millivolt = (0x062000 - 524288) / 1.6e7
    log = math.log((millivolt * 2.9e9 + 1.024e8) / (2.048e4 - millivolt * 2e5))
    celsius = 1 / (1.271257e-03 + 2.720604e-04 * log - 9.909794e-07 * log**2 + 1.735758e-07 * log**3) - 273.15
    assert samples["temperature"].item() == pytest.approx(celsius, abs=1e-9)
    warmer = decode_bytes(_seacat(offset="0.5") + b"0620000A7E3587E80062311F88032D\n").streams["samples"]
    assert warmer["temperature"].item() == pytest.approx(celsius + 0.5, abs=1e-9)


def test_seacat_channels_follow_the_header(decode_bytes):
    line = b"0620000A7E3587E8006231" + b"3333" + b"124F80" + b"2A60DE" + b"1F88032D"
    samples = decode_bytes(_seacat(volt="yes", sbe38="yes", optode="yes") + line + b"\n").streams["samples"]
    assert samples["external_voltage_0"].item() == pytest.approx(0x3333 / 13107)
    assert samples["reference_temperature"].item() == pytest.approx(0x124F80 / 100000 - 10)
    assert samples["oxygen_concentration_uncompensated"].item() == pytest.approx(0x2A60DE / 10000 - 10)
    assert samples.sizes == {"time": 1}


def test_a_header_that_lost_its_end_goes_on_to_the_first_sample(decode_bytes):
    header, line = _seacat().replace(b"*END*\n", b""), b"0620000A7E3587E80062311F88032D\r\n"
    decoded = decode_bytes(header + 2 * line)
    assert decoded.reader == "sbe_hex"
    assert decoded.streams["samples"]["source_offset"].values.tolist() == [len(header), len(header) + len(line)]
    assert decoded.ledger.bytes_rejected == 0
    _, consumed, state = sbe_hex.parse(header + line[:-1], 0, None)
    assert (consumed, state) == (0, None), "waits for a whole line"


@pytest.mark.parametrize("model", ["SBE16plus-IM", "SBE 16plus V2", "SBE19plus"])
def test_optical_counts_of_every_seacat(decode_bytes, model):
    header = _seacat().replace(b"SBE16plus", model.encode()).replace(b"<SBE38>", b"<WETLABS>yes</WETLABS>\n* <SBE38>")
    decoded = decode_bytes(header + b"0620000A7E3587E8006231" + b"1022011804DE" + b"1F88032D\n")
    assert decoded.reader == "sbe_hex"
    counts = [decoded.streams["samples"][f"optical_counts_{place}"].item() for place in range(3)]
    assert counts == [0x1022, 0x0118, 0x04DE]


@pytest.mark.parametrize(("length", "dimension"), [("11", "scan"), ("15", "time"), ("", "scan")])
def test_samples_without_a_time(decode_bytes, length, dimension):
    line = b"0620000A7E3587E8006231" + (b"1F88032D" if dimension == "time" else b"")
    decoded = decode_bytes(_seacat(length=length) + line + b"\n" + line)
    assert decoded.streams["samples"].sizes == {dimension: 2}


def test_appended_positions(decode_bytes):
    header = _seacat().replace(b"* <Samp", b"* Store Lat/Lon Data = Append to Every Scan\n* <Samp")
    # 25.2156 N, 33.3263 W
    line = b"0620000A7E3587E8006231" + b"133CD4" + b"196D86" + b"40" + b"1F88032D"
    samples = decode_bytes(header + line + b"\n").streams["samples"]
    assert samples["latitude"].item() == pytest.approx(0x133CD4 / 50000)
    assert samples["longitude"].item() == pytest.approx(-0x196D86 / 50000)


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


def test_deep_seaphox_has_no_internal_reference():
    header = parse_header(b"* Sea-Bird SeapHOx2 Data File:\n")
    digits = [layout.digits for layout in layouts(header)]
    # T, C, P 6 each, compensation 4, oxygen 12, external 6, [internal 6, thermistor 6], 3 checks 18, housing 6, 8, 4
    assert digits == [34 + 6 + 12 + 18 + 6 + 8 + 4, 34 + 6 + 18 + 6 + 8 + 4]


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
