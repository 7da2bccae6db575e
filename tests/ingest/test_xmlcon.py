"""Configuration files of Sea-Bird's software, and the sensors on external voltages that they describe."""

import math

import gsw
import numpy as np
import pytest

import ingest
from ingest.calibration import sea_bird, sea_bird_voltages
from ingest.calibration.xmlcon import parse_xmlcon
from ingest.errors import CalibrationError
from tests.ingest.made.xmlcon import ECO, HEADER, LINE, NOT_IN_USE, NTU, POLYNOMIAL, SBE_43, VOLTS, xmlcon_file


@pytest.mark.parametrize(
    "content", [b"", b"<Sensors>", b"<Sensors><a></Sensors>", b"<!DOCTYPE x><Sensors></Sensors>", b"\xff" * 50]
)
def test_what_is_no_xmlcon(content):
    with pytest.raises(CalibrationError, match="xmlcon"):
        parse_xmlcon(content)


def test_xmlcon_with_two_sensors_of_a_kind_and_a_digiquartz():
    content = b"""<SBE_InstrumentConfiguration><SensorArray>
      <Sensor><TemperatureSensor><A0>1</A0><Offset>0.1</Offset></TemperatureSensor></Sensor>
      <Sensor><TemperatureSensor><A0>2</A0></TemperatureSensor></Sensor>
      <Sensor><PressureSensor><C1>3</C1><T4>4</T4><Slope>1</Slope><Offset>5</Offset></PressureSensor></Sensor>
    </SensorArray></SBE_InstrumentConfiguration>"""
    assert parse_xmlcon(content) == {
        "temperature": {"A0": "1", "TOFFSET": "0.1"},
        "temperature_2": {"A0": "2"},
        "pressure": {"PC1": "3", "PT4": "4", "PSLOPE": "1", "POFFSET": "5"},
    }


PUBLISHED_QUARTZ = {
    "PC1": 991.3651, "PC2": 1.0136e-05, "PC3": -1.18210e-04, "PD1": 0.031072, "PD2": 0.0, "PT1": 27.67412,
    "PT2": -1.08033e-04, "PT3": 1.03670e-06, "PT4": 1.68749e-09, "PT5": 0.0, "PSLOPE": 1.0, "POFFSET": 0.0,
}  # fmt: skip


def test_digiquartz_gives_the_published_example():
    """Paroscientific 2200A-219 number 124969 on a 16plus V2, sheet P124969A: worked by R. Desiderio for the Ocean
    Observatories Initiative (construct_sbe_digiquartz_pressure_unit_test.m, 2014): 34336 and 8833629 counts are
    21.0 degrees and 49.999967 dbar, with one standard atmosphere for air; at 21.0 degrees C is 991.3132, T0 27.67232.
    """
    coefficients = sea_bird.QuartzPressureCoefficients.from_mapping(PUBLISHED_QUARTZ, "pressure")
    inside = sea_bird.quartz_sensor_temperature(np.array([34_336]) / 13_107)
    assert inside.item() == pytest.approx(21.0, abs=1e-3)
    pressure = sea_bird.quartz_pressure(np.array([8_833_629]) / 256, inside, coefficients).item()
    # The maker subtracts 14.7 psi and rounds the factor to decibars; the example subtracts 10.1325 dbar.
    psia = pressure / 0.689476 + 14.7
    assert psia * 0.689475729 - 10.1325 == pytest.approx(49.999967, abs=1e-6)
    moved = sea_bird.QuartzPressureCoefficients.from_mapping(
        PUBLISHED_QUARTZ | {"PSLOPE": 1.001, "POFFSET": -0.25}, "pressure"
    )
    changed = sea_bird.quartz_pressure(np.array([8_833_629]) / 256, inside, moved).item()
    assert changed == pytest.approx(1.001 * pressure - 0.25, abs=1e-9), "slope and offset act on decibars"
    bent = sea_bird.QuartzPressureCoefficients.from_mapping(PUBLISHED_QUARTZ | {"PT5": 1e-10}, "pressure")
    other = sea_bird.quartz_pressure(np.array([8_833_629]) / 256, inside, bent).item()
    assert other != pressure, "a T5 that is not zero counts"


OXYGEN = {"SOC": "0.4792", "OFFSET": "-0.484", "A": "-3.661e-3", "B": "1.7812e-4", "C": "-2.5951e-6", "E": "0.036"}


def test_sbe_43_gives_its_calibration_sheet():
    """Sheet O3287, as in the tests of Sea-Bird's own library: bath of fresh water at the surface, ml/l."""
    volts = np.array([0.725, 0.756, 0.803, 0.874, 0.925, 0.96, 1.332, 1.435, 1.595, 1.81])
    temperature = np.array([2.0, 6.0, 12.0, 20.0, 26.0, 30.0, 2.0, 6.0, 12.0, 20.0])
    coefficients = sea_bird_voltages.OxygenCoefficients.from_mapping(OXYGEN, "oxygen")
    ours = sea_bird_voltages.oxygen(volts, (temperature, np.zeros(10), 0.0), coefficients)
    np.testing.assert_allclose(ours, [1.11, 1.12, 1.13, 1.16, 1.18, 1.18, 3.9, 3.9, 3.92, 3.95], atol=0.01)


def test_oxygen_solubility_is_the_published_one():
    # Garcia and Gordon (1992), check value of table 1: 6.315 ml/l at 10 degrees and a salinity of 35.
    found = sea_bird_voltages.oxygen_solubility(np.array([10.0]), np.array([35.0])).item()
    assert found == pytest.approx(6.315, abs=5e-4)


def test_worked_examples_of_the_application_notes():
    # 11QSP-L: wet factor 4.00e-5, dark voltage 0.150 V: constant 2.5e9, offset -0.5650; 1e4 Cw (10^V - 10^dark).
    sensor = {"M": 1.0, "B": 0.0, "CALIBRATIONCONSTANT": 1e5 / 4e-5, "MULTIPLIER": 1.0, "OFFSET": -0.5650}
    par = sea_bird_voltages.ParCoefficients.from_mapping(sensor, "par")
    expected = [0.0, 1e4 * 4e-5 * (10**2.5 - 10**0.15)]
    np.testing.assert_allclose(sea_bird_voltages.par(np.array([0.15, 2.5]), par), expected, atol=1e-4)
    # C-Star in the Seasave manual: M 22.046 and B -0.132; its water voltage moved with the air voltage reads 100 %.
    star = sea_bird_voltages.TransmissometerCoefficients(m=22.046, b=-0.132, pathlength=0.25)
    water = (4.565 - 0.002) / (4.743 - 0.002) * (4.719 - 0.006) + 0.006
    percent = sea_bird_voltages.transmission(np.array([water, 0.006, 0.0]), star)
    np.testing.assert_allclose(percent[:2], [100.0, 0.0], atol=3e-3)
    assert sea_bird_voltages.attenuation(np.array([50.0]), star).item() == pytest.approx(math.log(2) / 0.25)
    assert np.isnan(sea_bird_voltages.attenuation(percent[2:], star)).all(), "without light there is no attenuation"
    # Seasave manual: full scale 5 V over 100 m is a scale factor of 15.
    altimeter = sea_bird_voltages.AltimeterCoefficients(scalefactor=15.0, offset=0.5)
    assert sea_bird_voltages.height(np.array([2.5]), altimeter).item() == pytest.approx(50.5)
    # SBE 18 of number 0762, as in the tests of Sea-Bird's own library.
    ph = sea_bird_voltages.PhCoefficients(slope=4.6067, offset=2.5157)
    ours = sea_bird_voltages.ph(np.array([2.9507, 2.9537]), np.array([26.6927, 26.5954]), ph)
    np.testing.assert_allclose(ours, [8.587, 8.599], atol=1e-3)


def _decode(decode_bytes, *sensors, **options):
    calibration = parse_xmlcon(xmlcon_file(*sensors, **options))
    return decode_bytes((HEADER + LINE + "\n").encode(), calibration=calibration).streams["samples"]


def test_voltages_of_a_19plus(decode_bytes):
    samples = _decode(decode_bytes, SBE_43.format(use=1), NOT_IN_USE, ECO, NTU)
    oxygen, chlorophyll, turbidity = (round(VOLTS[n] * 13_107) / 13_107 for n in (0, 2, 3))
    assert samples["chlorophyll_concentration"].item() == pytest.approx(10 * (chlorophyll - 0.068))
    assert samples["turbidity"].item() == pytest.approx(5 * (turbidity - 0.059))
    t, p = samples["temperature"].item(), samples["pressure"].item()
    s = gsw.SP_from_C(samples["conductivity"].item() * 10, t, p)
    assert 20 < s < 40
    scaled = math.log((298.15 - t) / (273.15 + t))
    exponent = sum(a * scaled**n for n, a in enumerate((2.00907, 3.22014, 4.0501, 4.94457, -0.256847, 3.88767)))
    exponent += s * sum(b * scaled**n for n, b in enumerate((-0.00624523, -0.00737614, -0.010341, -0.00817083)))
    solubility = math.exp(exponent - 4.88682e-7 * s * s)
    millilitres = 0.4792 * (oxygen - 0.484) * solubility * (1 - 3.661e-3 * t + 1.7812e-4 * t**2 - 2.5951e-6 * t**3)
    millilitres *= math.exp(0.036 * p / (t + 273.15))
    assert samples["oxygen_concentration"].item() == pytest.approx(44.66 * millilitres, rel=1e-9)
    for channel, volts in zip((1, 2, 4, 5), VOLTS, strict=True):
        assert samples[f"external_voltage_{channel}"].item() == pytest.approx(volts, abs=1e-4), "volts stay beside"
    assert samples.attrs["external_voltage_1_sensor"] == (
        "oxygen, serial 3287, calibrated 03-Oct-09; gives oxygen_concentration"
    )
    assert samples.attrs["external_voltage_4_sensor"].endswith("gives chlorophyll_concentration")
    assert "hysteresis" in samples.attrs["oxygen_concentration_method"]
    assert "external_voltage_2_sensor" not in samples.attrs, "nothing is on it"


@pytest.mark.parametrize(
    ("sensors", "channel", "reason"),
    [
        ((POLYNOMIAL, NOT_IN_USE, NOT_IN_USE, NOT_IN_USE), 1, "UserPolynomialSensor; volts only: no equation for it"),
        ((SBE_43.format(use=0), NOT_IN_USE, NOT_IN_USE, NOT_IN_USE), 1, "lacks A, B, C, E"),
        ((NTU.replace("0.059", "dark"), NOT_IN_USE, NOT_IN_USE, NOT_IN_USE), 1, "DARKVOLTAGE is 'dark'"),
        ((ECO, NTU, NOT_IN_USE, NOT_IN_USE, ECO), 1, "voltage 4 is described as well, and the data have 4"),
        ((ECO, ECO, ECO, NOT_IN_USE), 4, "one more sensor of its kind"),
    ],
)
def test_what_cannot_be_converted_stays_volts_and_says_why(decode_bytes, sensors, channel, reason):
    samples = _decode(decode_bytes, *sensors)
    assert reason in samples.attrs[f"external_voltage_{channel}_sensor"]
    assert samples[f"external_voltage_{channel}"].item() > 0
    assert "oxygen_concentration" not in samples


def test_a_second_sensor_of_a_kind_has_a_name_of_its_own(decode_bytes):
    samples = _decode(decode_bytes, ECO, ECO.replace("10.0", "20.0"), NOT_IN_USE, NOT_IN_USE)
    second = round(VOLTS[1] * 13_107) / 13_107
    assert samples["chlorophyll_concentration_2"].item() == pytest.approx(20 * (second - 0.068))


def test_coefficients_in_the_configurations_own_words(decode_bytes):
    own = {"sensor": "turbidity", "ScaleFactor": 5, "DarkVoltage": 0.059}
    given = {**parse_xmlcon(xmlcon_file()), "Voltage 1": own}
    samples = decode_bytes((HEADER + LINE + "\n").encode(), calibration=given).streams["samples"]
    assert samples["turbidity"].item() == pytest.approx(5 * (round(0.75 * 13_107) / 13_107 - 0.059))


def test_without_a_number_of_channels_nothing_is_on_a_voltage():
    found = parse_xmlcon(xmlcon_file(ECO, channels=0))
    assert set(found) == {"temperature", "conductivity", "pressure", "instrument"}
    assert found["instrument"] == {"MODEL": "SBE 19plus V2 Seacat CTD", "EXTERNALVOLTAGECHANNELS": "0"}


def test_real_voltages_with_the_comments_of_a_converted_file(corpus):
    """The file's voltage 3 is wired to channel 4; chlorophyll and turbidity by the sheets in the header."""
    header = (corpus / "sbe_cnv" / "19plus_V2_CTD-processing_example.cnv").read_bytes().partition(b"*END*")[0]
    samples = ingest.decode(corpus / "sbe_hex" / "19plus_V2.hex", calibration=parse_xmlcon(header)).streams["samples"]
    volts = {channel: samples[f"external_voltage_{channel}"].values for channel in (0, 1, 2, 4)}
    np.testing.assert_allclose(samples["chlorophyll_concentration"], 10 * (volts[0] - 0.068))
    np.testing.assert_allclose(samples["turbidity"], 5 * (volts[1] - 0.059))
    np.testing.assert_allclose(samples["cdom_concentration"], 35 * (volts[2] - 0.083))
    np.testing.assert_allclose(samples["par_as_calibrated"], 1e9 * 10 ** volts[4] / 11494000000 - 0.0889855)
    assert samples.attrs["external_voltage_4_sensor"].startswith("par, serial 70194")
