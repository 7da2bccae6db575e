"""PCO2 and pH of a SAMI2 from its counts where a calibration is given: the published worked examples, through files."""

import numpy as np
import pytest

import ingest
from ingest.calibration import sami
from ingest.errors import CalibrationError
from lander.derive.ph import at_salinity
from tests.ingest.test_chemistry_calibration import CO2_RECORDS, INDICATOR, PH_END, PH_VALUES

SHEET = {"calt": 4.6539, "cala": 0.0422, "calb": 0.6761, "calc": -1.5798}
PUBLISHED = [609.8626, 394.3221, 685.8555]  # microatmospheres: OOI 1341-00490


@pytest.fixture
def co2_log() -> bytes:
    """A blank and three samples, as a logger keeps them."""
    lines = (f"2014/05/07 0{place}:05:33.702 *{record}\r\n" for place, record in enumerate(CO2_RECORDS))
    return "".join(lines).encode()


@pytest.mark.parametrize("block_bytes", [150, 10_000])
def test_partial_pressure_with_the_blank_before(decode_bytes, co2_log, block_bytes):
    decoded = decode_bytes(co2_log, "pco2w.log", calibration={"carbon_dioxide": SHEET}, block_bytes=block_bytes)
    stream = decoded.streams["carbon_dioxide"]
    assert decoded.reader == "sami2"
    np.testing.assert_allclose(stream["carbon_dioxide_partial_pressure"].values, PUBLISHED, rtol=1e-6)
    np.testing.assert_allclose(stream["sample_temperature"].values, [7.4258, 16.2306, 7.0716], rtol=1e-4)
    assert "carbon_dioxide_partial_pressure" not in decoded.streams["carbon_dioxide_blank"]
    assert "carbon_dioxide_partial_pressure" not in decode_bytes(co2_log, "pco2w.log").streams["carbon_dioxide"]


def test_a_file_without_a_blank_takes_the_one_given(decode_bytes, co2_log):
    content = co2_log.partition(b"\n")[2]
    none = decode_bytes(content, "a.log", calibration={"carbon_dioxide": SHEET}).streams["carbon_dioxide"]
    assert np.isnan(none["carbon_dioxide_partial_pressure"].values).all()
    lights = decode_bytes(co2_log, "b.log").streams["carbon_dioxide_blank"]["co2_light_counts"].values[0]
    given = {**SHEET, "blank434": float(lights[6]), "blank620": float(lights[7])}
    found = decode_bytes(content, "a.log", calibration={"carbon_dioxide": given}).streams["carbon_dioxide"]
    np.testing.assert_allclose(found["carbon_dioxide_partial_pressure"].values, PUBLISHED, rtol=1e-6)


def test_a_calibration_that_lacks_a_coefficient_is_an_error(decode_bytes, co2_log):
    with pytest.raises(CalibrationError, match="lacks calc"):
        decode_bytes(co2_log, "a.log", calibration={"carbon_dioxide": {"calt": 1.0, "cala": 1.0, "calb": 1.0}})


def test_recovered_text_gives_what_the_equations_give(corpus):
    path = corpus / "sami2_pco2_recovered" / "happy_path.txt"
    streams = ingest.decode(path, calibration={"carbon_dioxide": SHEET}).streams
    blank, samples = streams["carbon_dioxide_blank"], streams["carbon_dioxide"]
    before = np.searchsorted(blank["source_offset"].values, samples["source_offset"].values) - 1
    assert (before >= 0).all()
    temperature = sami.thermistor_temperature(samples["thermistor_counts"].values)
    coefficients = sami.CarbonDioxideCoefficients.from_mapping(SHEET)
    lights = samples["co2_light_counts"].values, blank["co2_light_counts"].values[before]
    wanted = sami.partial_pressure(*lights, temperature, coefficients)
    np.testing.assert_array_equal(samples["carbon_dioxide_partial_pressure"].values, wanted)


def test_ph_at_35_and_salinity_give_ph(corpus):
    path = next((corpus / "sami2_ph_recovered").glob("*.txt"))
    sheet = {"ea434": INDICATOR.ea434, "eb434": INDICATOR.eb434, "ea578": INDICATOR.ea578, "eb578": INDICATOR.eb578}
    stream = ingest.decode(path, calibration={"ph": sheet}).streams["ph"]
    found = stream["ph_at_salinity_35"].values
    assert np.isfinite(found).any()
    reference, light = stream["ph_reference_light_counts"].values, stream["ph_light_counts"].values
    for salinity in (0.0, 30.0, 34.5):
        wanted = sami.ph_total(reference, light, stream["sample_temperature"].values, salinity, INDICATOR)
        np.testing.assert_allclose(at_salinity(found, np.full(found.shape, salinity)), wanted, rtol=1e-12)


@pytest.mark.parametrize(("salinity", "published"), [(30.0, 8.3381), (32.0, 8.3340), (35.0, 8.3279)])
def test_published_ph_by_way_of_salinity_35(salinity, published):
    values = np.array(PH_VALUES.split(), dtype=int)
    reference, light = values[:16].reshape(1, 4, 4), values[16:].reshape(1, 23, 4)
    warm = sami.thermistor_temperature([PH_END[1]])
    at_35 = sami.ph_total(reference, light, warm, 35.0, INDICATOR)
    found = at_salinity(at_35, np.array([salinity]))
    # OOI 1341-00510, with its correction for impure indicator.
    np.testing.assert_allclose(sami.correct_impurity(found, 0.9698, 0.2484), [published], atol=1e-4)
