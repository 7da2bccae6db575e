"""A SAMI2 with its sheet in the configuration: pCO2 in the store."""

import numpy as np

import lander
from tests.ingest.test_chemistry_calibration import CO2_RECORDS
from tests.lander.simulated import run
from tests.lander.test_declared import ARCHIVE

DEPLOYMENT = """\
id: d1
site: site
platform: lander
start: {start}Z
end: {end}Z
position: {{latitude: 22.1, longitude: 119.3}}
instruments:
  sami:
    model: SAMI2
    serial: "249"
    sampling_interval: 30 min
    raw: ["*.log"]
    calibration:
      source: configuration
      coefficients:
        carbon_dioxide: {{calt: 4.6539, cala: 0.0422, calb: 0.6761, calc: -1.5798}}
"""


def test_pco2_with_the_sheet_in_the_configuration(tmp_path):
    first = np.datetime64("1904-01-01") + np.timedelta64(int(CO2_RECORDS[0][6:14], 16), "s")
    start, end = (np.datetime_as_string(first + np.timedelta64(days, "D"), "s") for days in (-1, 2))
    for name, text in {
        "archive.yaml": ARCHIVE,
        "deployments/d1.yaml": DEPLOYMENT.format(start=start, end=end),
        "raw/pco2w.log": "".join(f"2014/05/07 01:05:33.702 *{record}\r\n" for record in CO2_RECORDS),
    }.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(text)
    assert not run(tmp_path).failed
    series = lander.open(tmp_path).series("carbon_dioxide_partial_pressure")
    # The worked example of OOI Data Product Specification 1341-00490.
    values = series["carbon_dioxide_partial_pressure"].values
    np.testing.assert_allclose(values, [609.8626, 394.3221, 685.8555], rtol=2e-6)
