"""SAMI2, METS and ECO equations: against published worked examples and against scalar arithmetic."""

import math

import numpy as np
import pytest

from ingest.calibration import eco_device, mets, sami
from ingest.chemistry.sami_layout import from_hex
from ingest.errors import CalibrationError

# Worked example of OOI Data Product Specification 1341-00490: a blank, then samples, as telemetered.
CO2_RECORDS = (
    "BC2705D5A7C0E10082005A0CA9090E07CB08E82DCA4B1C0082005A0CA9090E07CD08EC0C3208C38A",
    "BC2704D5A7E2B1007E005A0CB1022F07C40443099F226D007F005A0CAF022F07C404400C3F08BE2E",
    "BC2704D5A7FEC90080005A0CAD028707CC03160B711800008300580CAC028607CC03160C4007389C",
    "BC2704D5A812E70081005B0CBE022107B00479094A24AD0080005A0CBC022007B8047B0C3E08CEE4",
)
CO2_COEFFICIENTS = sami.CarbonDioxideCoefficients(calt=4.6539, cala=0.0422, calb=0.6761, calc=-1.5798)

# Two records of the worked example of 1341-00510, at the salinities 30 and 35, and their pH.
PH_START, PH_END = 2530, (3374, 2528)
PH_VALUES = (
    "3288 1435 2484 2228 3289 1435 2490 2234 3286 1439 2485 2235 3287 1439 2487 2238 3289 1439 2487 2238 3290 "
    "1432 2486 2208 3289 1265 2484 1630 3283 943 2482 797 3289 663 2485 336 3286 512 2481 178 3282 451 2479 "
    "136 3288 449 2486 142 3285 478 2480 173 3290 530 2488 238 3288 600 2481 329 3287 675 2483 443 3286 756 "
    "2486 582 3288 836 2480 732 3288 913 2484 894 3291 983 2484 1047 3288 1043 2485 1199 3287 1103 2479 1341 "
    "3291 1156 2489 1469 3287 1198 2480 1577 3292 1236 2480 1675 3286 1266 2480 1760 3287 1295 2485 1834 "
)
INDICATOR = sami.IndicatorCoefficients(ea434=17533.0, eb434=2229.0, ea578=101.0, eb578=38502.0)


def _co2():
    records = [from_hex(digits).values for digits in CO2_RECORDS]
    lights = np.array([record["co2_light_counts"] for record in records])
    return lights, np.array([record["thermistor_counts"] for record in records])


def test_partial_pressure_is_that_of_the_published_example():
    lights, thermistor = _co2()
    temperature = sami.thermistor_temperature(thermistor)
    np.testing.assert_allclose(temperature, [7.3151, 7.4258, 16.2306, 7.0716], rtol=1e-4)
    blank = np.broadcast_to(lights[0], lights[1:].shape)
    values = sami.partial_pressure(lights[1:], blank, temperature[1:], CO2_COEFFICIENTS)
    np.testing.assert_allclose(values, [609.8626, 394.3221, 685.8555], rtol=1e-6)
    pairs = zip(lights[1:], temperature[1:], strict=True)
    np.testing.assert_allclose(values, [_scalar_pressure(light, lights[0], warm) for light, warm in pairs], rtol=1e-12)


def _scalar_pressure(light, blank, celsius):
    c = CO2_COEFFICIENTS
    first, second = (-math.log10(light[place] / blank[place]) for place in (6, 7))
    ratio = second / first
    response = -math.log10((ratio - 0.0043) / (2.136 - 0.2105 * ratio))
    shifted = (celsius - c.calt) * 0.008 + response
    corrected = response + (0.0075778 - 0.0012389 * shifted - 0.00048757 * shifted**2) * (celsius - c.calt)
    return 10.0 ** ((-c.calb + math.sqrt(c.calb**2 - 4 * c.cala * (c.calc - corrected))) / (2 * c.cala))


def _ph_record():
    values = np.array(PH_VALUES.split(), dtype=int)
    return values[:16].reshape(1, 4, 4), values[16:].reshape(1, 23, 4)


@pytest.mark.parametrize(("salinity", "expected"), [(30.0, 8.3381), (32.0, 8.3340), (35.0, 8.3279)])
def test_ph_is_that_of_the_published_example(salinity, expected):
    reference, light = _ph_record()
    temperature = sami.thermistor_temperature([PH_END[1]])
    np.testing.assert_allclose(temperature, [0.9927], atol=1e-4)
    np.testing.assert_allclose(sami.battery_voltage([PH_END[0]]), [12.3560], atol=1e-4)
    ph = sami.ph_total(reference, light, temperature, salinity, INDICATOR)
    np.testing.assert_allclose(sami.correct_impurity(ph, 0.9698, 0.2484), [expected], atol=1e-4)


def test_ph_of_many_records_is_that_of_each():
    reference, light = _ph_record()
    warmer = np.array([0.9927, 10.0, 21.5])
    together = sami.ph_total(np.repeat(reference, 3, 0), np.repeat(light, 3, 0), warmer, [30.0, 34.0, 35.0], INDICATOR)
    for place, salinity in enumerate((30.0, 34.0, 35.0)):
        alone = sami.ph_total(reference, light, warmer[place : place + 1], salinity, INDICATOR)
        assert together[place] == alone[0]


def test_no_light_gives_no_ph_and_no_pressure():
    reference, light = _ph_record()
    assert np.isnan(sami.ph_total(reference, np.zeros_like(light), np.array([1.0]), 35.0, INDICATOR)).all()
    lights, _ = _co2()
    assert np.isnan(sami.partial_pressure(lights[:1], lights[:1], np.array([7.0]), CO2_COEFFICIENTS)).all()
    assert np.isnan(sami.thermistor_temperature([0, 4096, 5000])).all()


def test_coefficients_that_are_missing_are_named():
    with pytest.raises(CalibrationError, match="lacks eb434, ea578"):
        sami.IndicatorCoefficients.from_mapping({"Ea434": 17533, "Eb578": 38502})
    with pytest.raises(CalibrationError, match="calt is 'warm'"):
        sami.CarbonDioxideCoefficients.from_mapping({"calt": "warm", "cala": 1, "calb": 1, "calc": 1})


METS_SHEET = {
    "c0": 1.269, "c1": 0.104, "c2": 3.268, "c3": 0.551, "c4": 0.830, "c5": 4.756, "c6": 1.432,
    "t0": -5.65608, "t1": 16.80047,
}  # fmt: skip


@pytest.mark.parametrize(("methane", "warmth"), [(0.5, 0.6), (1.1, 0.9), (2.2, 1.3)])
def test_methane_against_scalar_arithmetic(methane, warmth):
    c = METS_SHEET
    product = (c["c1"] + c["c2"] * math.exp(-warmth / c["c3"])) * (
        1 / methane - 1 / (c["c4"] + c["c5"] * math.exp(-warmth / c["c6"]))
    )
    found = mets.methane_concentration([methane], [warmth], mets.MetsCoefficients.from_mapping(c))
    if product > 0:
        np.testing.assert_allclose(found, [product ** c["c0"]], rtol=1e-12)
    else:
        assert np.isnan(found).all()
    np.testing.assert_allclose(
        mets.temperature([warmth], mets.MetsCoefficients.from_mapping(c)), [c["t0"] + c["t1"] * warmth], rtol=1e-15
    )


def test_methane_beyond_the_equation_is_no_number():
    c = mets.MetsCoefficients.from_mapping(METS_SHEET)
    assert np.isnan(mets.methane_concentration([0.0, -1.0, 9.0, np.nan], [1.0] * 4, c)).all()
    assert (np.diff(mets.methane_concentration([0.4, 0.8, 1.2], [1.0] * 3, c)) < 0).all()
    with pytest.raises(CalibrationError, match="lacks c4, t1"):
        mets.MetsCoefficients.from_mapping({name: 1.0 for name in METS_SHEET if name not in ("c4", "t1")})
    with pytest.raises(CalibrationError, match="c3 must not be 0"):
        mets.MetsCoefficients.from_mapping({**METS_SHEET, "c3": 0})


SHEET = """ECO\tFLNTUSB-1234
Created on: 5/5/14

COLUMNS=7
DATE=1
TIME=2
N/U=3
CHL=4\t0.0121\t49
LAMBDA=5\t3.5E-06\t47\t700\t700
CDOM=6\t0.0906\t50
N/U=7
"""


def test_device_sheet():
    sheet = eco_device.read_device_sheet(SHEET)
    assert sheet == {
        "chlorophyll": {"scale": 0.0121, "dark": 49.0},
        "backscatter_700nm": {"scale": 3.5e-6, "dark": 47.0},
        "cdom": {"scale": 0.0906, "dark": 50.0},
    }
    channel = eco_device.Channel.from_mapping(sheet["chlorophyll"], "chlorophyll")
    np.testing.assert_allclose(eco_device.from_counts([49, 149], channel), [0.0, 1.21], atol=1e-15)


def test_device_sheets_that_are_none():
    with pytest.raises(CalibrationError, match=r"is this a \.dev file"):
        eco_device.read_device_sheet("Dear reader,\nCHL is green\n")
    with pytest.raises(CalibrationError, match="scale is 'x'"):
        eco_device.read_device_sheet("CHL=4 x 49\n")
    with pytest.raises(CalibrationError, match="no wavelength"):
        eco_device.read_device_sheet("LAMBDA=4 3.5E-06 47\n")
    with pytest.raises(CalibrationError, match="lacks dark"):
        eco_device.Channel.from_mapping({"Scale": 1.0}, "chlorophyll")
