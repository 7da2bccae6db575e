"""An .xmlcon of Sea-Bird's software as an instrument's calibration, chosen by name."""

import pytest

import ingest
from lander.config import load
from lander.config.validate import configuration_files, validate
from lander.errors import ConfigError
from tests.ingest.made import xmlcon as maker
from tests.lander.archives import F1, FILES, known_plugins, write

__all__ = ["known_plugins"]  # a fixture, used by its name
pytestmark = pytest.mark.usefixtures("known_plugins")

CHOSEN = "source: xmlcon\n      file: ctd.xmlcon"
GIVEN = "source: configuration\n      file: ctd.yaml"
TEXT = maker.xmlcon_file(maker.ECO, maker.NTU).decode()


def _write(folder, calibration, content=TEXT):
    return write(folder, {**FILES, "deployments/f1.yaml": F1.replace(GIVEN, calibration), "ctd.xmlcon": content})


def _mistakes(folder, calibration, content=TEXT):
    return [str(one) for one in validate(_write(folder, calibration, content), files=False)]


def test_its_coefficients_are_taken(tmp_path):
    archive = _write(tmp_path, CHOSEN)
    calibration = load(archive).deployments[0].instruments[0].calibration
    assert calibration.source == "xmlcon"
    assert calibration.coefficients["voltage 1"]["SENSOR"] == "turbidity"
    assert calibration.coefficients["pressure"]["PTCB0"] == "2.59008750e+001"
    assert "ctd.xmlcon" in configuration_files(archive), "a release takes it along, a change of it makes samples anew"
    (tmp_path / "cast.hex").write_text(maker.HEADER.replace("Ext Volt 4 = yes", "Ext Volt 4 = no").replace(
        "Ext Volt 5 = yes", "Ext Volt 5 = no") + maker.LINE[:-8] + "\n")  # fmt: skip
    samples = ingest.decode(tmp_path / "cast.hex", calibration=calibration.coefficients).streams["samples"]
    volts = round(maker.VOLTS[0] * 13_107) / 13_107
    assert samples["chlorophyll_concentration"].item() == pytest.approx(10 * (volts - 0.068))


@pytest.mark.parametrize(
    ("source", "wanted"), [("xmlcon", "1.28015621e-003"), ("configuration", 7.0), ("header", None)]
)
def test_where_they_disagree_the_one_that_is_named_counts(tmp_path, source, wanted):
    both = f"source: {source}\n      file: ctd.xmlcon\n      coefficients: {{temperature: {{A0: 7.0}}}}"
    calibration = load(_write(tmp_path, both)).deployments[0].instruments[0].calibration
    held = calibration.coefficients
    assert (held and held["temperature"]["A0"]) == wanted


@pytest.mark.parametrize(
    ("calibration", "content", "told"),
    [
        ("source: xmlcon", TEXT, "calibration.source: xmlcon without a file *.xmlcon; expected `file:` with its path"),
        ("source: xmlcon\n      file: ctd.yaml", TEXT, "calibration.source: xmlcon without a file *.xmlcon"),
        ("source: configuration\n      file: ctd.xmlcon", TEXT, "did you mean 'xmlcon'?"),
        ("source: xmlcon\n      file: other.xmlcon", TEXT, "calibration.file: no such file: other.xmlcon"),
        ("source: xmlcon\n      file: ctd.con", TEXT, "a Sea-Bird .xmlcon or"),
        (CHOSEN, "<html></html>", "ctd.xmlcon:1: no <Sensors> or <SensorArray> block"),
        (CHOSEN, "x" * 1_000_001, "ctd.xmlcon:1: more than 1000000 bytes"),
    ],
)
def test_mistakes(tmp_path, calibration, content, told):
    found = _mistakes(tmp_path, calibration, content)
    assert any(told in one for one in found), found
    with pytest.raises(ConfigError):
        load(tmp_path)
