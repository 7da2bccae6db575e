"""The device sheet of an ECO as an instrument's calibration, chosen by name."""

import pytest

import ingest
from lander.config import load
from lander.config.validate import configuration_files, validate
from tests.lander.archives import F1, FILES, known_plugins, write

__all__ = ["known_plugins"]  # a fixture, used by its name
pytestmark = pytest.mark.usefixtures("known_plugins")

GIVEN = "source: configuration\n      file: ctd.yaml"
CHOSEN = "source: device_sheet\n      file: eco.dev"
SHEET = """ECO FLNTURTD-999
Created on: 04/12/13

COLUMNS=7
N/U=1
N/U=2
N/U=3
LAMBDA=4\t3.5E-06\t47\t700\t700
CHL=6\t0.0121\t49
CDOM=8\t0.0900\t50
N/U=9
"""
LINE = b"2014/01/01 00:00:11.292 12/31/13\t23:59:45\t700\t221\t695\t143\t460\t84\t554\r\n"


def archive(folder, calibration=CHOSEN, sheet=SHEET):
    return write(folder, {**FILES, "deployments/f1.yaml": F1.replace(GIVEN, calibration), "eco.dev": sheet})


def test_its_scales_and_dark_counts_are_taken(tmp_path):
    calibration = load(archive(tmp_path)).deployments[0].instruments[0].calibration
    assert calibration.source == "device_sheet"
    assert "eco.dev" in configuration_files(tmp_path), "a release takes it along, a change of it makes samples anew"
    (tmp_path / "a.flort.log").write_bytes(3 * LINE)
    samples = ingest.decode(tmp_path / "a.flort.log", calibration=calibration.coefficients).streams["samples"]
    assert samples["chlorophyll_concentration"].values[0] == pytest.approx(0.0121 * (143 - 49))
    assert samples["cdom_concentration"].values[0] == pytest.approx(0.09 * (84 - 50))
    assert samples["chlorophyll_counts"].values[0] == 143


@pytest.mark.parametrize(("calibration", "sheet", "told"), [
    ("source: device_sheet", SHEET, "calibration.source: device_sheet without a file *.dev; expected `file:`"),
    ("source: xmlcon\n      file: eco.dev", SHEET, "calibration.source: xmlcon without a file *.xmlcon"),
    ("source: configuration\n      file: eco.dev", SHEET, "did you mean 'device_sheet'?"),
    (CHOSEN, "nothing of the kind\n", "eco.dev:1: no column of the device sheet has scale and dark counts"),
    (CHOSEN, "CHL=6\tmuch\t49\n", "eco.dev:1: chlorophyll calibration: scale is 'much', a finite number was expected"),
    (CHOSEN, "LAMBDA=4\t3.5E-06\t47\n", "eco.dev:1: a LAMBDA column of the device sheet has no wavelength"),
])  # fmt: skip
def test_mistakes(tmp_path, calibration, sheet, told):
    found = [str(one) for one in validate(archive(tmp_path, calibration, sheet), files=False)]
    assert any(told in one for one in found), found
