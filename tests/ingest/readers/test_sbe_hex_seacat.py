"""Sea-Bird hex uploads of SEACATs: layouts by the header, Digiquartz, channels, casts, the maker's own digits."""

import json
import math

import numpy as np
import pytest

import ingest
from ingest.calibration.xmlcon import parse_xmlcon
from ingest.readers import sbe_hex
from tests.ingest.conftest import expected_of

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
        wanted = expected_of(path, name)
        assert float(ours[name].mean()) == pytest.approx(wanted["mean"], rel=1e-6)
        assert float(ours[name].min()) == pytest.approx(wanted["min"], rel=1e-6)
    # Volts, too, against what Sea-Bird's own library reads.
    raw = json.loads(path.with_name(path.name + ".expect.json").read_text())["raw_variables"]
    for channel, wanted in zip((0, 1, 2, 4), ("volt 0", "volt 1", "volt 2", "volt 3"), strict=True):
        assert float(ours[f"external_voltage_{channel}"].mean()) == pytest.approx(raw[wanted]["mean"], rel=1e-9)


def test_only_the_cast_in_the_file_is_expected(corpus):
    # The memory held 19696 samples of six casts; the upload is of the first.
    assert ingest.decode(corpus / "sbe_hex" / "19plus_V2.hex").ledger.expected_records == 3069
