"""What the configuration becomes: domain objects in SI units and UTC, merged quality control, refusals in words."""

import dataclasses
from collections.abc import Mapping
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingest import vocabulary
from lander.config import load, merged_qc
from lander.config.file import parse
from lander.deployment import ClockCheck, Disturbance, FillRule, Person, Position, RawPattern, Reference
from lander.errors import ConfigError
from lander.units import UnfitError, convert, nearest, quantity, time_of
from tests.lander.archives import ARCHIVE, F1, FILES, known_plugins, write

__all__ = ["known_plugins"]  # a fixture, used by its name
pytestmark = pytest.mark.usefixtures("known_plugins")


def us(text: str) -> np.datetime64:
    return np.datetime64(text, "us")


@pytest.fixture
def config(tmp_path):
    return load(write(tmp_path, FILES))


def test_the_archive_as_a_whole(config, tmp_path):
    assert (config.root, config.raw) == (tmp_path, tmp_path / "raw")
    assert (config.title, config.licence, config.project) == ("LOOP lander at Site F", "CC-BY-4.0", "Cold seep")
    assert dataclasses.astuple(config.institution) == ("Institute of Oceanology", 1234, "https://ror.org/03yrm5c26")
    assert config.people == (
        Person("Ada Lovelace", "principal_investigator", "ada@institute.org", "0000-0002-1825-0097"),
    )
    assert [(site.code, site.name) for site in config.sites] == [("site_f", "Site F, Formosa Ridge")]
    assert [stay.id for stay in config.deployments] == ["f1", "f2"]


def test_a_deployment(config):
    stay = config.deployments[0]
    assert (stay.site, stay.platform, stay.water_depth) == ("site_f", "LOOP", 1120.0)
    assert (stay.start, stay.end) == (us("2016-09-08T04:00:00"), us("2017-09-18T02:00:00"))
    assert (stay.touchdown, stay.liftoff) == (us("2016-09-08T05:30:00"), us("2017-09-18T00:30:00"))
    assert stay.position == Position(22.115, 119.286, 15.0, "USBL")
    assert stay.disturbances == (
        Disturbance(us("2016-10-01T00:00:00"), us("2016-10-01T06:00:00"), "ROV visit", ("ctd",)),
    )
    assert stay.references == (Reference(us("2016-09-08T06:10:00"), "temperature", 3.412, 0.002, "CTD cast 7"),)
    assert stay.primary == {"temperature": "ctd"}
    second = config.deployments[1]
    assert (second.water_depth, second.touchdown, second.references, second.primary) == (None, None, (), {})


def test_instruments(config):
    ctd, optode = config.deployments[0].instruments
    assert (ctd.name, ctd.model, ctd.serial, ctd.pressure_reference) == ("ctd", "SBE 37-SM", "3716125", "gauge")
    assert (ctd.height_above_seafloor, ctd.sampling_interval) == (0.8, 600.0)
    assert ctd.raw == (RawPattern("ctd/*.hex", "recovered"),)
    assert ctd.clock_checks[1] == ClockCheck(us("2017-09-18T06:01:10"), us("2017-09-18T06:00:00"), "GPS")
    assert (ctd.response_times, ctd.codes) == ({"temperature": 5.0}, {"L22": "TOOL0001"})
    assert ctd.calibration.source == "configuration"
    assert ctd.calibration.coefficients == {"temperature": {"A0": -1.9e-4, "A1": 3e-4}, "pressure": {"serial": "2954"}}
    assert (optode.serial, optode.settings, optode.height_above_seafloor) == ("0123", {"internal_salinity": 0.0}, None)
    assert optode.raw == (RawPattern("optode/*.log", "telemetered"),)
    assert optode.calibration.source == "header"


def test_coefficients_that_were_not_chosen_stay_out(tmp_path):
    chosen = F1.replace("source: configuration", "source: header")
    config = load(write(tmp_path, {**FILES, "deployments/f1.yaml": chosen}))
    assert config.deployments[0].instruments[0].calibration.coefficients is None


def test_inline_coefficients(tmp_path):
    inline = F1.replace("file: ctd.yaml", "coefficients: {pressure: {PA0: 1, serial: x}}")
    config = load(write(tmp_path, {**FILES, "deployments/f1.yaml": inline}))
    assert config.deployments[0].instruments[0].calibration.coefficients == {"pressure": {"PA0": 1.0, "serial": "x"}}


def test_fill_rules_are_the_defaults_changed_by_the_archive(config, tmp_path):
    assert config.fill["temperature"] == FillRule("linear", 4 * 3600.0)
    assert config.fill["oxygen_concentration"].cap_seconds == 0.0
    for variable in ("pressure", "practical_salinity"):
        assert config.fill[variable] == FillRule("linear", 6 * 3600.0)
    velocities = [name for name, item in vocabulary.table().items() if (item.standard_name or "").endswith("_velocity")]
    assert all(config.fill[name].cap_seconds == 3 * 3600.0 for name in velocities)
    assert not {"turbidity", "chlorophyll", "methane_partial_pressure", "conductivity"} & set(config.fill)
    plain = load(write(tmp_path / "plain", {**FILES, "archive.yaml": ARCHIVE.replace("cap: never", "cap: 3 h")}))
    assert plain.fill["oxygen_concentration"].cap_seconds == 3 * 3600.0


def test_only_plain_values_so_that_parts_can_be_digested(config):
    plain = (str, float, int, bool, np.datetime64, Path, type(None))

    def walk(value: object, where: str) -> None:
        if dataclasses.is_dataclass(value):
            for item in dataclasses.fields(value):
                walk(getattr(value, item.name), f"{where}.{item.name}")
        elif isinstance(value, Mapping):
            for key, item in value.items():
                assert type(key) is str
                walk(item, f"{where}.{key}")
        elif isinstance(value, tuple):
            for item in value:
                walk(item, where)
        else:
            assert isinstance(value, plain), (where, value)

    walk(config, "config")


def test_quality_control_merges_from_the_archive_to_the_instrument(config):
    stay = config.deployments[0]
    assert config.sites[0].qc == {"temperature": {"spike": {"threshold": 0.5, "window_seconds": 600.0}}}
    of_site = {"spike": {"threshold": 0.5, "window_seconds": 600.0}, "flat_line": {"length": 5}}
    assert merged_qc(config, config.deployments[1], config.deployments[1].instruments[0]) == {"temperature": of_site}
    assert merged_qc(config, stay, stay.instruments[0]) == {"temperature": {**of_site, "flat_line": "off"}}
    assert config.qc["temperature"]["flat_line"] == {"length": 5}, "merging changes nothing in place"


def test_a_parameter_given_nearer_wins_and_leaves_the_others(config):
    archive = dataclasses.replace(config, qc={"temperature": {"spike": {"threshold": 9.0, "method": "a"}}})
    stay = config.deployments[1]
    merged = merged_qc(archive, stay, stay.instruments[0])
    assert merged == {"temperature": {"spike": {"threshold": 0.5, "window_seconds": 600.0, "method": "a"}}}


def test_parameters_after_off_put_a_check_back(config):
    archive = dataclasses.replace(config, qc={"temperature": {"spike": {"threshold": 9.0, "method": "a"}}})
    site = dataclasses.replace(config.sites[0], qc={"temperature": {"spike": "off"}})
    archive = dataclasses.replace(archive, sites=(site,))
    stay = config.deployments[0]
    back = dataclasses.replace(stay.instruments[0], qc={"temperature": {"spike": {"threshold": 2.0}}})
    assert merged_qc(archive, stay, back) == {"temperature": {"spike": {"threshold": 2.0}}}
    silent = dataclasses.replace(back, qc={})
    assert merged_qc(archive, stay, silent) == {"temperature": {"spike": "off"}}


def test_load_refuses_with_the_first_mistakes_and_the_command_for_the_rest(tmp_path):
    wrong = F1.replace("_m:", "_mm:").replace("serial: 37", "number: 37")
    archive = write(tmp_path, {**FILES, "deployments/f1.yaml": wrong})
    with pytest.raises(ConfigError) as caught:
        load(archive)
    text = str(caught.value)
    assert "has 3 mistakes" in text
    assert "deployments/f1.yaml:9: position.uncertainty_mm: unknown key" in text
    assert f"lander validate {archive}" in text


def test_load_shows_five_mistakes_of_many(tmp_path):
    archive = write(tmp_path, {**FILES, "deployments/f1.yaml": "\n".join(f"wrong{n}: 1" for n in range(20))})
    with pytest.raises(ConfigError, match="and 22 more") as caught:
        load(archive)
    assert len(str(caught.value).splitlines()) == 8


def test_load_needs_no_raw_files(tmp_path):
    config = load(write(tmp_path, {name: text for name, text in FILES.items() if not name.startswith("raw/")}))
    assert len(config.deployments) == 2


def test_deployments_come_in_order_of_time(tmp_path):
    swapped = {**FILES, "deployments/a2.yaml": FILES["deployments/f2.yaml"].replace("id: f2", "id: a2")}
    del swapped["deployments/f2.yaml"]
    assert [stay.id for stay in load(write(tmp_path, swapped)).deployments] == ["f1", "a2"]


# Values as people write them.


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("2016-09-08T04:30:00Z", "2016-09-08T04:30:00"),
        ("2016-09-08 04:30", "2016-09-08T04:30:00"),
        ("2016-09-08T04:30:00.000001", "2016-09-08T04:30:00.000001"),
        ("2016-09-08T12:30:00+08:00", "2016-09-08T04:30:00"),
        ("2016-09-08T12:30:00+0800", "2016-09-08T04:30:00"),
        ("2016-09-08T01:00:00-03:30", "2016-09-08T04:30:00"),
        ("2016-01-01T01:00+08", "2015-12-31T17:00:00"),
        ("2016-09-08 04:30 UTC", "2016-09-08T04:30:00"),
    ],
)
def test_times(text, wanted):
    assert time_of(text) == us(wanted)
    assert time_of(text).dtype == "datetime64[us]"


@pytest.mark.parametrize(
    "text",
    ["04:30:00", "2016-09-08", "08.09.2016 04:30", "2016-09-08T25:00:00", "2016-13-01T00:00", "2016-09-08T04:30:60Z",
     "0216-09-08T04:30:00Z", "2016-09-08T04:30:00+15:00", "2016-09-08T04:30:00.1234567", "NaT", "", 2016, True, None],
)  # fmt: skip
def test_what_is_no_time(text):
    with pytest.raises(UnfitError):
        time_of(text)


@pytest.mark.parametrize(
    ("value", "units", "wanted"),
    [(90, "s", 90.0), ("90 s", "s", 90.0), ("90s", "s", 90.0), ("6 h", "s", 21600.0), ("1.5e2 ms", "s", 0.15),
     ("10 min", "s", 600.0), ("2 days", "s", 172800.0), ("80 cm", "m", 0.8), ("1.12 km", "m", 1120.0), (-3, "m", -3.0)],
)  # fmt: skip
def test_quantities(value, units, wanted):
    assert quantity(value, units) == pytest.approx(wanted, rel=1e-12)


@pytest.mark.parametrize(
    "value", ["90", "s", "six h", "6 hh", "6 m", True, None, [6], float("nan"), float("inf"), "1e999 s"]
)
def test_what_is_no_duration(value):
    with pytest.raises(UnfitError):
        quantity(value, "s")


@pytest.mark.parametrize(
    ("value", "units", "target", "wanted"),
    [
        (276.15, "K", "degree_Celsius", 3.0),
        (3.0, "°C", "degree_Celsius", 3.0),
        (32.1, "mS/cm", "S m-1", 3.21),
        (11.3, "MPa", "dbar", 1130.0),
        (0.2, "mol m-3", "umol L-1", 200.0),
        (200.0, "µmol L⁻¹", "umol L-1", 200.0),
        (1.0, "mL/L", "umol L-1", 44.6596),  # Bittig et al. (2018)
        (31.9988, "mg/L", "umol L-1", 1000.0),
        (25.0, "cm/s", "m s-1", 0.25),
        (34.5, "PSU", "1", 34.5),
    ],
)
def test_units(value, units, target, wanted):
    assert convert(value, units, target, oxygen=True) == pytest.approx(wanted, rel=1e-9)


def test_an_uncertainty_has_no_zero_point():
    assert convert(0.01, "K", "degree_Celsius", difference=True) == pytest.approx(0.01)


def test_volume_of_gas_means_nothing_but_for_oxygen():
    with pytest.raises(UnfitError):
        convert(1.0, "mL/L", "umol L-1")
    with pytest.raises(UnfitError) as caught:
        convert(1.0, "umol/kg", "umol L-1", oxygen=True)
    assert caught.value.found == "unit of another quantity 'umol/kg'"


@pytest.mark.parametrize("variable", vocabulary.table())
def test_every_unit_of_the_vocabulary_is_a_unit_of_references(variable):
    units = vocabulary.lookup(variable).units
    assert convert(1.5, units, units) == 1.5


def test_nearest_ignores_capitals_and_blanks():
    assert nearest("WaterDepth", ["platform", "water_depth"]) == "water_depth"
    assert nearest("water depth", ["platform", "water_depth"]) == "water_depth"
    assert nearest("qqq", ["platform", "water_depth"]) is None


# YAML as people expect it, not as version 1.1 reads it.


@pytest.mark.parametrize(
    ("text", "value"),
    [("0371", "0371"), ("12:30", "12:30"), ("2016-09-08", "2016-09-08"), ("1_000", "1_000"), ("0x1f", "0x1f"),
     ("1e-3", 1e-3), ("1e3", 1000.0), ("-1.9e-4", -1.9e-4), (".5", 0.5), ("42", 42), ("-7", -7), ("yes", True),
     ("off", False), ("~", None), ("'42'", "42")],
)  # fmt: skip
def test_scalars(text, value):
    document = parse(f"key: {text}".encode(), "a.yaml")
    assert document.mistakes == ()
    assert document.data == {"key": value}
    assert type(document.data["key"]) is type(value)


def test_keys_are_words_whatever_they_look_like():
    assert parse(b"on: 1\n2: 2\n~: 3", "a.yaml").data == {"on": 1, "2": 2, "~": 3}


def test_lines_of_keys_and_entries():
    document = parse(b"# c\na:\n  - x\n  -\n    b: 1\n    c: >\n      long\nd: 1\n", "a.yaml")
    lines = {".".join(map(str, loc)): line for loc, line in document.lines.items() if loc}
    assert lines == {"a": 2, "a.0": 3, "a.1": 5, "a.1.b": 5, "a.1.c": 6, "d": 8}


@given(st.binary(max_size=300))
def test_no_bytes_make_the_reader_raise(content):
    document = parse(content, "a.yaml")
    assert document.mistakes or isinstance(document.data, dict)


@given(st.text(alphabet="ab:-[]{}&*!|>'\"#%@`,?\n\t 01.~<", max_size=60))
def test_no_yaml_makes_the_reader_raise(text):
    document = parse(text.encode(), "a.yaml")
    assert document.mistakes or isinstance(document.data, dict)
