"""Sea-Bird hex uploads of pH sensors: SeaFET and SeapHOx."""

import math

import numpy as np
import pytest

import ingest
from ingest.calibration import sea_bird_ph
from ingest.sea_bird.header import parse_header
from ingest.sea_bird.hex_layouts import layouts
from tests.ingest.conftest import expected_of


def test_external_ph_with_a_salinity_of_choice(corpus):
    path = corpus / "sbe_hex" / "SeaFET2.hex"
    header = parse_header(path.read_bytes().partition(b"*END*")[0])
    given = {"ph": {**header.coefficients["ph"], "reference_salinity": 30}}
    wanted = expected_of(path, "ph_external")["mean"]
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


def test_deep_seaphox_has_no_internal_reference():
    header = parse_header(b"* Sea-Bird SeapHOx2 Data File:\n")
    digits = [layout.digits for layout in layouts(header)]
    # T, C, P 6 each, compensation 4, oxygen 12, external 6, [internal 6, thermistor 6], 3 checks 18, housing 6, 8, 4
    assert digits == [34 + 6 + 12 + 18 + 6 + 8 + 4, 34 + 6 + 18 + 6 + 8 + 4]
