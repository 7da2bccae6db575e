"""Every mistake planted into an archive is found, alone and with its line; archives without one are left in peace."""

import re
from pathlib import Path
from typing import NamedTuple

import pytest

import qc.check
import qc.filler
from lander.errors import ConfigError
from lander.skeleton import init
from lander.validate import Mistake, validate
from tests.lander.archives import ARCHIVE, COEFFICIENTS, F1, F2, FILES, FlatLineParams, SpikeParams, write


def _no_kernel(block, params):
    raise AssertionError("validation runs no check")


@pytest.fixture(autouse=True)
def _known_plugins(monkeypatch):
    """Checks and fillers of these tests' own, so that the real ones may change."""
    checks = {
        "spike": qc.check.Check("spike", 0, SpikeParams, _no_kernel),
        "flat_line": qc.check.Check("flat_line", 1, FlatLineParams, _no_kernel),
    }
    linear = qc.filler.Filler("linear", 1, learn=_no_kernel, merge=_no_kernel, predict=_no_kernel)
    monkeypatch.setattr(qc.check, "discover", lambda: checks)
    monkeypatch.setattr(qc.filler, "discover", lambda: {"linear": linear})


A, D1, D2, C = "archive.yaml", "deployments/f1.yaml", "deployments/f2.yaml", "ctd.yaml"


class Plant(NamedTuple):
    """One mistake: in `file`, `old` becomes `new`; found in the line of `marker`, by `key`, in these words."""

    name: str
    file: str
    old: str
    new: str
    marker: str
    key: str
    words: str


PLANTS = (
    # keys
    Plant("misspelt key", D1, "    clock_checks:", "    clock_ofset:", "clock_ofset:", "instruments.ctd.clock_ofset",
          "unknown key; did you mean 'clock_checks'?"),
    Plant("camel case key", D1, "    clock_checks:", "    ClockDrift:", "ClockDrift:", "instruments.ctd.ClockDrift",
          "unknown key; did you mean 'clock_checks'?"),
    Plant("misspelt key at the top", D1, "water_depth:", "waterdepth:", "waterdepth:", "waterdepth", "'water_depth'?"),
    Plant("key of another language", A, "project: Cold", "comments: Cold", "comments:", "comments", "unknown key"),
    Plant("misspelt setting", D1, "internal_salinity", "internal_salinty", "internal_salinty",
          "instruments.optode.settings.internal_salinty", "'internal_salinity'?"),
    Plant("missing key", D1, "    model: SBE 37-SM\n", "", "  ctd:\n", "instruments.ctd.model", "missing key"),
    Plant("missing key at the top", A, "licence: CC-BY-4.0\n", "", "title:", "licence", "missing key"),
    Plant("empty value", D1, "platform: LOOP", "platform:", "platform:", "platform", "nothing given"),
    Plant("key given twice", D1, "platform: LOOP", "platform: LOOP\nsite: site_f", "LOOP\nsite: site_f", "site",
          "given twice, first in line 2"),
    Plant("key given twice deep", D1, "    serial: 3716125", "    serial: 1\n    serial: 2", "    serial: 2",
          "instruments.ctd.serial", "given twice, first in line 31"),
    Plant("list as a key", A, "project: Cold", "[a, b]: Cold", "[a, b]", "", "a list or section as a key"),
    # types
    Plant("text for a number", A, "edmo: 1234", "edmo: twelve", "twelve", "institution.edmo", "a whole number"),
    Plant("yes for a number", D1, "height_above_seafloor: 0.8", "height_above_seafloor: yes", "seafloor: yes",
          "instruments.ctd.height_above_seafloor", "not a yes or no"),
    Plant("yes for a degree", D1, "latitude: 22.115", "latitude: yes", "latitude: yes", "position.latitude", "degrees"),
    Plant("no for text", D1, "platform: LOOP", "platform: no", "platform: no", "platform", "expected text"),
    Plant("number for a time", D1, "end: 2017-09-18T02:00:00Z", "end: 2017", "end: 2017", "end", "date and time"),
    Plant("time without date", D1, "start: 2016-09-08T04:00:00Z", "start: 04:00:00", "start: 04:00", "start",
          "date and time"),
    Plant("date without time", D1, "start: 2016-09-08T04:00:00Z", "start: 2016-09-08", "start:", "start",
          "did you mean '2016-09-08T00:00:00Z'?"),
    Plant("day that is not", D1, "touchdown: 2016-09-08", "touchdown: 2016-02-30", "touchdown:", "touchdown",
          "no such day"),
    Plant("infinite number", D1, "value: 3.412", "value: .inf", "value:", "references.0.value", "finite"),
    Plant("not a number", D1, "uncertainty_m: 15", "uncertainty_m: .nan", "uncertainty_m", "position.uncertainty_m",
          "finite"),
    Plant("section for a list", A, "people:\n  - name", "people:\n    name", "people:", "people", "a list"),
    Plant("list for a section", D1, "  temperature: ctd", "  - ctd", "primary:", "primary", "section"),
    Plant("empty list", D2, "[second/*.hex]", "[]", "raw: []", "instruments.ctd.raw", "at least one entry"),
    Plant("serial as a float", D1, "serial: 3716125", "serial: 1.50", "serial: 1.50", "instruments.ctd.serial",
          "in quotes"),
    Plant("word of a list", D1, "delivery: telemetered", "delivery: telemetred", "telemetred",
          "instruments.optode.raw.0.delivery", "did you mean 'telemetered'?"),
    Plant("tag", A, "title: LOOP", "title: !!python/name:os.system LOOP", "title:", "title", "without a tag"),
    # times
    Plant("recovery before deployment", D1, "end: 2017-09-18T02", "end: 2015-09-18T02", "end: 2015", "end",
          "not after the start"),
    Plant("touchdown before start", D1, "touchdown: 2016-09-08T05", "touchdown: 2016-09-08T03", "touchdown",
          "touchdown", "outside the deployment"),
    Plant("liftoff before touchdown", D1, "liftoff: 2017-09-18T00", "liftoff: 2016-09-08T05", "liftoff", "liftoff",
          "not after touchdown"),
    Plant("disturbance reversed", D1, "end: 2016-10-01T06", "end: 2016-09-30T06", "end: 2016-09-30",
          "disturbances.0.end", "not after the start"),
    Plant("disturbance of no length", D1, "end: 2016-10-01T06", "end: 2016-10-01T00", "end: 2016-10-01",
          "disturbances.0.end", "not after the start"),
    Plant("disturbance outside", D1, "  - start: 2016-10-01T00", "  - start: 2016-09-01T00", "2016-09-01",
          "disturbances.0.start", "outside the deployment"),
    Plant("clock checks reversed", D1, "utc: 2017-09-18T06:00:00Z", "utc: 2015-09-18T06:00:00Z", "2015-09-18",
          "instruments.ctd.clock_checks.1.utc", "oldest first"),
    Plant("clock check given twice", D1, "{instrument: 2017-09-18T06:01:10Z, utc: 2017-09-18T06:00:00Z, source: GPS}",
          "{instrument: 2016-09-08T02:00:05Z, utc: 2016-09-08T02:00:00Z, source: ship}", "source: ship",
          "instruments.ctd.clock_checks.1.utc", "given twice"),
    # one thing in two places
    Plant("serial in two deployments", D2, "start: 2017-10-01T04:00:00Z\nend",
          "start: 2017-09-01T04:00:00Z\nend", "serial", "instruments.ctd.serial", "at the same time"),
    Plant("serial twice in one", D1, 'model: Aanderaa 4831\n    serial: "0123"',
          'model: sbe 37-sm\n    serial: "3716125"', '"3716125"', "instruments.optode.serial", "also in line 31"),
    Plant("file of two instruments", D1, "optode/*.log", "c*/a.hex", "c*/a.hex", "instruments.optode.raw.0.pattern",
          "ctd/a.hex also belongs to 'ctd' in deployments/f1.yaml:33"),
    Plant("file in two patterns", D1, "      - ctd/*.hex", "      - ctd/*.hex\n      - ctd/a.*", "ctd/a.*",
          "instruments.ctd.raw.1", "each raw file in one pattern"),
    Plant("id and file name", D2, "id: f2", "id: f1", "id: f1", "id", "did you mean 'f2'?"),
    Plant("site given twice", A, "raw: raw", "  - {code: site_f, name: Again}\nraw: raw", "Again", "sites.1.code",
          "first in line 14"),
    # units and numbers
    Plant("unknown unit of a reference", D1, "units: degC", "units: degF", "degF", "references.0.units",
          "unknown unit 'degF'"),
    Plant("unit of another quantity", D1, "units: degC", "units: dbar", "dbar", "references.0.units",
          "another quantity"),
    Plant("value in other units", D1, "value: 3.412", "value: 276.562", "276", "references.0.value", "-2.5 to 40"),
    Plant("unknown unit of time", D1, "sampling_interval: 600", "sampling_interval: 10 mn", "10 mn",
          "instruments.ctd.sampling_interval", "unknown unit 'mn'"),
    Plant("length for a time", D1, "sampling_interval: 600", "sampling_interval: 10 m", "10 m\n",
          "instruments.ctd.sampling_interval", "unit of another quantity 'm'"),
    Plant("unknown unit of a cap", A, "cap: 4 h", "cap: 4 hrs", "4 hrs", "fill.temperature.cap", "did you mean 'hr'?"),
    Plant("latitude", D1, "latitude: 22.115", "latitude: 119.2", "latitude", "position.latitude", "from -90 to 90"),
    Plant("longitude", D2, "longitude: 119.287", "longitude: 1192.87", "longitude", "position.longitude",
          "from -180 to 180"),
    Plant("negative depth", D1, "water_depth: 1120", "water_depth: -1120", "water_depth", "water_depth",
          "positive downwards"),
    Plant("negative height", D1, "seafloor: 0.8", "seafloor: -80 cm", "-80 cm", "instruments.ctd.height_above_seafloor",
          "0 m or more"),
    Plant("interval of zero", D1, "sampling_interval: 600", "sampling_interval: 0", "interval: 0",
          "instruments.ctd.sampling_interval", "more than 0"),
    Plant("uncertainty of zero", D1, "uncertainty: 0.002", "uncertainty: 0", "uncertainty: 0",
          "references.0.uncertainty", "more than 0"),
    # names that must exist
    Plant("unknown site", D1, "site: site_f", "site: site_g", "site_g", "site", "did you mean 'site_f'?"),
    Plant("unknown variable of a reference", D1, "variable: temperature", "variable: temprature", "temprature",
          "references.0.variable", "did you mean 'temperature'?"),
    Plant("unknown variable of primary", D1, "  temperature: ctd", "  temperatur: ctd", "temperatur:",
          "primary.temperatur", "did you mean 'temperature'?"),
    Plant("unknown variable of response", D1, "      temperature: 5", "      temp: 5", "temp: 5",
          "instruments.ctd.response_times.temp", "unknown variable"),
    Plant("unknown variable of fill", A, "  oxygen_concentration:", "  oxygen_conc:", "oxygen_conc:",
          "fill.oxygen_conc", "did you mean 'oxygen_concentration'?"),
    Plant("unknown primary instrument", D1, "temperature: ctd", "temperature: cdt", "cdt", "primary.temperature",
          "did you mean 'ctd'?"),
    Plant("unknown disturbed instrument", D1, "instruments: [ctd]", "instruments: [cdt]", "cdt",
          "disturbances.0.instruments.0", "did you mean 'ctd'?"),
    Plant("unknown fill method", A, "method: linear", "method: liner", "liner", "fill.temperature.method",
          "did you mean 'linear'?"),
    Plant("unknown check", A, "flat_line: {length: 5}", "flatline: {length: 5}", "flatline", "qc.temperature.flatline",
          "did you mean 'flat_line'?"),
    Plant("unknown check parameter", A, "spike: {threshold: 1.5}", "spike: {treshold: 1.5}", "treshold",
          "qc.temperature.spike.treshold", "did you mean 'threshold'?"),
    Plant("check parameter of a wrong type", A, "threshold: 0.5", "threshold: high", "high",
          "sites.0.qc.temperature.spike.threshold", "a number"),
    Plant("check parameter yes", A, "threshold: 1.5", "threshold: on", "threshold: on",
          "qc.temperature.spike.threshold", "a number"),
    Plant("check parameter with a wrong unit", A, "window_seconds: 10 min", "window_seconds: 10 km", "10 km",
          "sites.0.qc.temperature.spike.window_seconds", "unit of another quantity"),
    Plant("check parameters that contradict", A, "threshold: 1.5", "threshold: -1.5", "-1.5", "qc.temperature.spike",
          "threshold is -1.5"),
    Plant("check of an unknown variable", D1, "      temperature:\n        flat", "      temperatures:\n        flat",
          "temperatures:", "instruments.ctd.qc.temperatures", "did you mean 'temperature'?"),
    Plant("unknown licence", A, "licence: CC-BY-4.0", "licence: CC BY 4", "CC BY 4", "licence",
          "did you mean 'CC-BY-4.0'?"),
    Plant("bad e-mail", A, "ada@institute.org", "ada(at)institute.org", "ada(at)", "people.0.email", "e-mail"),
    Plant("bad EDMO code", A, "edmo: 1234", "edmo: 0", "edmo: 0", "institution.edmo", "1 to 99999"),
    Plant("bad ROR", A, "03yrm5c26", "03yrm5c27", "03yrm5c27", "institution.ror", "last two digits"),
    Plant("bad ORCID", A, "0000-0002-1825-0097", "0000-0002-1825-0079", "0079", "people.0.orcid", "last digit"),
    # files
    Plant("no calibration file", D1, "file: ctd.yaml", "file: cdt.yaml", "cdt.yaml", "instruments.ctd.calibration.file",
          "no such file"),
    Plant("calibration file of another kind", D1, "file: ctd.yaml", "file: ctd.xmlcon", "ctd.xmlcon",
          "instruments.ctd.calibration.file", "a YAML file"),
    Plant("no coefficients", D1, "      file: ctd.yaml\n", "", "source: configuration",
          "instruments.ctd.calibration.source", "without coefficients"),
    Plant("coefficient that is none", C, "A1: 3.0e-4", "A1: [3.0e-4]", "A1:", "temperature.A1", "a number"),
    Plant("pattern without files", D1, "ctd/*.hex", "ctd/*.HEX", "ctd/*.HEX", "instruments.ctd.raw.0",
          "matches no file in raw; expected at least one file; did you mean 'ctd/*.hex'?"),
    Plant("pattern out of the raw folder", D1, "ctd/*.hex", "../raw/ctd/*.hex", "../raw", "instruments.ctd.raw.0",
          "below the raw folder"),
    Plant("absolute pattern", D1, "ctd/*.hex", "/data/*.hex", "/data", "instruments.ctd.raw.0",
          "below the raw folder"),
    Plant("pattern of Windows", D2, "second/*.hex", "'second\\*.hex'", "second\\", "instruments.ctd.raw.0",
          "did you mean 'second/*.hex'?"),
    Plant("no raw folder", A, "raw: raw", "raw: rawdata", "rawdata", "raw", "no such folder"),
    # hostile names
    Plant("separator in a name", D1, "  optode:", "  optode/a:", "optode/a", "instruments.optode/a",
          "did you mean 'optode_a'?"),
    Plant("parent as a name", D1, "  optode:", "  ..:", "  ..:", "instruments...", "a name for a folder"),
    Plant("capitals in a name", D1, "  optode:", "  Optode:", "Optode", "instruments.Optode", "'optode'?"),
    Plant("device as a name", D1, "  optode:", "  aux:", "aux:", "instruments.aux", "a name for a folder"),
    # YAML itself
    Plant("tab", D2, "    model: SBE 37-SM", "\tmodel: SBE 37-SM", "\tmodel", "", "a tab in the indentation"),
    Plant("colon in text", D2, "platform: second", "platform: LOOP: second", "LOOP:", "", "goes in quotes"),
    Plant("quote left open", D2, "platform: second", 'platform: "second', '"second', "", "the closing quote"),
    Plant("bracket left open", D2, "[second/*.hex]", "[second/*.hex", "[second", "", "the closing bracket"),
    Plant("unknown alias", D2, "platform: second", "platform: *loop", "*loop", "", "alias"),
    Plant("control character", D2, "platform: second", "platform: se\x00cond", "se\x00", "", "control character"),
)  # fmt: skip


def line_of(text: str, marker: str) -> int:
    """Line of the end of a marker that is there once or first."""
    assert marker in text
    end = text.index(marker) + len(marker.rstrip("\n"))
    return text.count("\n", 0, end) + 1


@pytest.mark.parametrize("plant", PLANTS, ids=lambda plant: plant.name)
def test_one_mistake_is_found_with_its_line_and_nothing_else(plant, tmp_path):
    before = FILES[plant.file]
    assert before.count(plant.old) >= 1, "the plant must change the file"
    text = before.replace(plant.old, plant.new, 1)
    write(tmp_path, {**FILES, plant.file: text})

    found = validate(tmp_path)

    assert len(found) == 1, [str(mistake) for mistake in found]
    mistake = found[0]
    assert (mistake.file, mistake.line, mistake.key) == (plant.file, line_of(text, plant.marker), plant.key)
    assert plant.words in str(mistake)


def test_a_mistake_reads_like_an_editors_line():
    mistake = Mistake("deployments/f1.yaml", 12, "instruments.ctd.clock_ofset", "unknown key", "one of a, b", "a")
    assert str(mistake) == "deployments/f1.yaml:12: instruments.ctd.clock_ofset: unknown key; did you mean 'a'?"
    assert str(Mistake("archive.yaml", 1, "", "no such file", "it")) == "archive.yaml:1: no such file; expected it"


def test_many_mistakes_in_several_files_are_found_at_once(tmp_path):
    """A file that YAML cannot read hides nothing in the others, and a wrong value nothing that follows from others."""
    names = {
        "misspelt key", "misspelt key at the top", "yes for a degree", "disturbance reversed",
        "touchdown before start", "unknown unit of a reference", "unknown site", "misspelt setting",
        "negative height", "text for a number", "bad ROR", "unknown licence", "colon in text", "unknown check",
        "check parameter of a wrong type", "coefficient that is none", "unknown fill method", "key given twice",
        "word of a list", "check of an unknown variable",
    }  # fmt: skip
    chosen = [plant for plant in PLANTS if plant.name in names]
    assert len(chosen) == len(names) == 20
    files = dict(FILES)
    for plant in chosen:
        assert plant.old in files[plant.file], plant.name
        files[plant.file] = files[plant.file].replace(plant.old, plant.new, 1)
    write(tmp_path, files)

    found = {(mistake.file, mistake.line, mistake.key) for mistake in validate(tmp_path)}

    wanted = {(plant.file, line_of(files[plant.file], plant.marker), plant.key) for plant in chosen}
    assert found == wanted


def test_mistakes_are_sorted_by_file_and_line(tmp_path):
    write(tmp_path, {**FILES, A: ARCHIVE.replace("edmo: 1234", "edmo: x").replace("raw: raw", "rav: raw"),
                     D1: F1.replace("latitude: 22", "latitude: 222")})  # fmt: skip
    found = [(mistake.file, mistake.line) for mistake in validate(tmp_path)]
    assert found == sorted(found)
    assert len(found) == 3


# Files that are no configuration at all.


@pytest.mark.parametrize(
    ("content", "line", "words"),
    [
        (b"", 1, "empty"),
        (b"# nothing\n\n", 1, "empty"),
        (b"---\n", 1, "empty"),
        (b"\nonly words\n", 2, "no `key: value` lines"),
        (b"- a\n- b\n", 1, "no `key: value` lines"),
        (b"id: f2\nsite: caf\xe9\n", 2, "not UTF-8"),
        ("id: f2\n".encode("utf-16"), 1, "not UTF-8"),
        (b"a: 1\n---\nb: 2\n", 2, "one document"),
        (b"x" * 1_000_001, 1, "at most 1000000 bytes"),
        (b"[" * 5000, 1, "nested too deep"),
        (b"a: &a [*a]\n", 1, "aliases"),
        (b"a: " + b"{b: " * 50 + b"1" + b"}" * 50, 1, "levels"),
        (
            b"a: &a [x,x,x,x,x,x,x,x,x,x]\n"
            + b"".join(b"%c: &%c [%s]\n" % (n, n, b",".join([b"*%c" % (n - 1)] * 10)) for n in range(98, 106)),
            1,
            "aliases",
        ),
        (b"id: " + b"9" * 5000, 1, "is no int"),
    ],
    ids=["empty", "comments", "dashes", "words", "list", "latin-1", "utf-16", "two documents", "large", "deep",
         "self-reference", "deep mapping", "alias bomb", "huge number"],
)  # fmt: skip
def test_a_file_that_is_no_configuration_is_one_mistake_and_hides_no_other(content, line, words, tmp_path):
    write(tmp_path, {**FILES, D2: content, D1: F1.replace("latitude: 22", "latitude: 222")})
    found = validate(tmp_path)
    assert [mistake.file for mistake in found if mistake.file != D2] == [D1]
    of_file = [mistake for mistake in found if mistake.file == D2 and mistake.found != "missing key"]
    assert (of_file[0].line, len(of_file)) == (line, 1), [str(mistake) for mistake in of_file]
    assert words in str(of_file[0])


def test_a_byte_order_mark_of_windows_is_no_mistake(tmp_path):
    write(tmp_path, {**FILES, D2: b"\xef\xbb\xbf" + F2.replace("\n", "\r\n").encode()})
    assert validate(tmp_path) == []


@pytest.mark.parametrize(
    ("missing", "words"),
    [("archive.yaml", "no such file"), ("deployments", "no *.yaml file")],
)
def test_missing_files(missing, words, tmp_path):
    write(tmp_path, {name: text for name, text in FILES.items() if not name.startswith(missing)})
    found = validate(tmp_path)
    assert [(mistake.file, mistake.line) for mistake in found] == [(missing, 1)]
    assert words in str(found[0])


def test_a_folder_that_is_not_there_is_one_mistake(tmp_path):
    found = validate(tmp_path / "nowhere")
    assert len(found) == 1
    assert "no such folder" in str(found[0])


def test_archive_yml_is_named_where_archive_yaml_is_missing(tmp_path):
    write(tmp_path, {("archive.yml" if name == A else name): text for name, text in FILES.items()})
    assert "did you mean 'archive.yml'?" in str(validate(tmp_path)[0])


def test_two_files_of_one_id_are_a_mistake(tmp_path):
    again = F2.replace("2017-10", "2019-10").replace("2018-09", "2020-09").replace("second", "third")
    write(tmp_path, {**FILES, "deployments/f2.yml": again, "raw/third/a.hex": "a"})
    found = validate(tmp_path)
    assert [(mistake.file, mistake.line, mistake.key) for mistake in found] == [("deployments/f2.yml", 1, "id")]


def test_one_platform_cannot_stand_in_two_places(tmp_path):
    overlapping = F2.replace("2017-10-01", "2017-09-01").replace("serial: 3716125", "serial: 5")
    overlapping = overlapping.replace("platform: second", "platform: Loop")
    write(tmp_path, {**FILES, D2: overlapping})
    assert [(mistake.file, mistake.line, mistake.key) for mistake in validate(tmp_path)] == [(D2, 3, "platform")]


def test_raw_files_are_not_looked_for_when_they_may_still_come(tmp_path):
    write(tmp_path, {name: text for name, text in FILES.items() if not name.startswith("raw/")})
    assert validate(tmp_path, files=False) == []
    assert [mistake.key for mistake in validate(tmp_path)] == ["raw"]


# Valid archives.

MINIMAL_ARCHIVE = """\
title: T
institution: {name: I}
people: [{name: A, role: r}]
licence: CC0-1.0
sites: [{code: s, name: S}]
"""
MINIMAL = """\
id: d
site: s
platform: P
start: 2020-01-01T00:00
end: 2020-02-01T00:00
position: {latitude: -5, longitude: -0.5}
instruments: {ctd: {model: SBE 37-SM, serial: 1, raw: a.hex}}
"""
UNITS = MINIMAL + """\
water_depth: 1.12 km
references:
  - {time: 2020-01-01T05:00Z, variable: oxygen_concentration, value: 3, units: mL/L, uncertainty: 0.1, source: Winkler}
  - {time: 2020-01-01T05:00Z, variable: oxygen_concentration, value: 0.13, units: mol m-3, uncertainty: 1e-3, source: W}
  - {time: 2020-01-01T05:00Z, variable: temperature, value: 276.5, units: K, uncertainty: 0.01, source: cast}
  - {time: 2020-01-01T05:00Z, variable: conductivity, value: 32.1, units: mS/cm, uncertainty: 0.01, source: cast}
  - {time: 2020-01-01T05:00Z, variable: practical_salinity, value: 34.5, units: PSU, uncertainty: 0.01, source: cast}
"""
OFFSETS = MINIMAL.replace("2020-01-01T00:00", "2020-01-01 08:00:00.5+08:00").replace("2020-02-01T00:00",
                                                                                "2020-01-31T19:00:00-0500")  # fmt: skip
UMLAUTS = MINIMAL_ARCHIVE.replace("title: T", "title: Kaltquelle Süd 冷泉 # comment").replace("name: A,", "name: Jørg,")
TWO_INSTRUMENTS = MINIMAL.replace("raw: a.hex}}", 'raw: [b/**/*.hex, {pattern: c.hex, delivery: telemetered}]}, '
                                  '"2nd": {model: SBE 37-SM, serial: "01", raw: a.hex}}')  # fmt: skip
EMPTY_KEYS = MINIMAL + "water_depth:\nreferences:\nprimary:\n"
ANCHORS = """\
id: d
site: s
platform: P
start: 2020-01-01T00:00Z
end: 2020-02-01T00:00Z
position: {latitude: 90, longitude: 180}
instruments:
  one: {model: M, serial: A-1, raw: [a.hex], qc: &rules {temperature: {spike: {threshold: 1, window_seconds: 2 min}}}}
  two: {model: M, serial: A-2, raw: [c.hex], qc: *rules}
"""
SHARED_DUMP = {  # the memory of one device, read out once after two stays
    "deployments/d.yaml": MINIMAL,
    "deployments/e.yaml": MINIMAL.replace("id: d", "id: e").replace("2020-", "2021-"),
}
ELSEWHERE = MINIMAL_ARCHIVE + "raw: ../elsewhere\nfill: {temperature: {cap: 0}, pressure: {cap: never}}\n"

VALID = {
    "minimal": {"archive.yaml": MINIMAL_ARCHIVE, "deployments/d.yaml": MINIMAL},
    "full, one serial in two stays": FILES,
    "units": {"archive.yaml": MINIMAL_ARCHIVE, "deployments/d.yaml": UNITS},
    "offsets in times": {"archive.yaml": MINIMAL_ARCHIVE, "deployments/d.yaml": OFFSETS},
    "letters of other tongues": {"archive.yaml": UMLAUTS, "deployments/d.yaml": MINIMAL},
    "two of one model": {"archive.yaml": MINIMAL_ARCHIVE, "deployments/d.yaml": TWO_INSTRUMENTS},
    "keys left empty": {"archive.yaml": MINIMAL_ARCHIVE, "deployments/d.yaml": EMPTY_KEYS},
    "anchors": {"archive.yaml": MINIMAL_ARCHIVE, "deployments/d.yaml": ANCHORS},
    "one dump of two stays": {"archive.yaml": MINIMAL_ARCHIVE, **SHARED_DUMP},
    "raw elsewhere": {"archive.yaml": ELSEWHERE, "deployments/d.yaml": MINIMAL},
    "own licence, other files": {
        "archive.yaml": MINIMAL_ARCHIVE.replace("CC0-1.0", "LicenseRef-institute-2"), "deployments/d.yml": MINIMAL,
        "deployments/._d.yaml": "\x00\x05", "deployments/example.yaml.template": "id: [",
    },
    "JSON is YAML": {"archive.yaml": MINIMAL_ARCHIVE, "deployments/d.yaml":
        '{"id":"d","site":"s","platform":"P","start":"2020-01-01T00:00Z","end":"2020-02-01T00:00Z","position":'
        '{"latitude":1,"longitude":2},"instruments":{"a":{"model":"M","serial":"1","raw":["a.hex"]}}}'},
}  # fmt: skip


@pytest.mark.parametrize("name", VALID)
def test_a_valid_archive_has_no_mistake(name, tmp_path):
    for folder in ("archive/raw", "elsewhere"):
        write(tmp_path / folder, {"a.hex": "x", "b/n/a.hex": "x", "c.hex": "x"})
    write(tmp_path / "archive", VALID[name])
    assert [str(mistake) for mistake in validate(tmp_path / "archive")] == []


def test_the_real_checks_are_held_against_their_own_parameters(tmp_path, monkeypatch):
    monkeypatch.undo()
    rules = "qc: {temperature: {gross_range: {suspect_min: 3, suspect_max: %s}, spike: off}}\n"
    valid = {**VALID["minimal"], "raw/a.hex": "x"}
    write(tmp_path, {**valid, A: MINIMAL_ARCHIVE + rules % 30})
    assert validate(tmp_path) == []
    write(tmp_path, {A: MINIMAL_ARCHIVE + rules % 2})
    assert [(mistake.line, mistake.key) for mistake in validate(tmp_path)] == [(6, "qc.temperature.gross_range")]
    write(tmp_path, {A: MINIMAL_ARCHIVE + rules % "yes"})
    found = validate(tmp_path)
    assert [(mistake.line, mistake.key) for mistake in found] == [(6, "qc.temperature.gross_range.suspect_max")]


# The skeleton.

ANSWERS = {
    "one line that says": "Lander at Site F", "the name of your institution": "Institute", "a name, such as": "Ada",
    "what the person does": "data_manager", "an SPDX id": "CC-BY-4.0", "a short name for folders": "site_f",
    "the full name of the site": "Site F", "the name of this file": "first", "a site's code": "site_f",
    "the name of the lander": "LOOP", "when the lander left": "2016-09-08T04:30:00Z", "when it was back":
    "2017-09-18T02:00:00Z", "decimal degrees north": "22.115", "decimal degrees east": "119.286",
    "maker and model": "SBE 37-SM", "the serial number": "03716125", "a pattern of raw files": "ctd/*.hex",
}  # fmt: skip


def fill_in(path: Path) -> None:
    """Put an answer in place of every placeholder."""
    path.write_text("".join(answered(line) + "\n" for line in path.read_text().splitlines()))


def answered(line: str) -> str:
    before, waiting, words = line.partition("<fill in ")
    if not waiting or line.startswith("#"):
        return line
    return before + next(answer for question, answer in ANSWERS.items() if words.startswith(question))


def made(tmp_path: Path) -> Path:
    init(tmp_path)
    template = tmp_path / "deployments/example.yaml.template"
    (tmp_path / "deployments/first.yaml").write_text(template.read_text())
    return tmp_path


def test_the_skeleton_says_exactly_what_is_still_to_fill_in(tmp_path):
    archive = made(tmp_path)
    found = validate(archive)
    waiting = {
        (file, number)
        for file in ("archive.yaml", "deployments/first.yaml")
        for number, line in enumerate((archive / file).read_text().splitlines(), 1)
        if "<fill in" in line and not line.startswith("#")
    }
    assert len(waiting) == 17
    assert {(mistake.file, mistake.line) for mistake in found} == waiting
    assert {mistake.found for mistake in found} == {"still to fill in"}


def test_the_skeleton_filled_in_is_valid(tmp_path):
    archive = made(tmp_path)
    fill_in(archive / "archive.yaml")
    fill_in(archive / "deployments/first.yaml")
    assert [mistake.key for mistake in validate(archive)] == ["instruments.ctd.raw.0"]
    write(archive, {"raw/ctd/a.hex": "x"})
    assert validate(archive) == []


def test_what_the_skeleton_shows_as_comments_is_valid_too(tmp_path):
    """An example that does not pass would teach people mistakes."""
    archive = made(tmp_path)
    for file in ("archive.yaml", "deployments/first.yaml"):
        fill_in(archive / file)
        text = (archive / file).read_text()
        text = re.sub(r"^( *)# ( *(?:- )?[A-Za-z0-9_]+:(?: .*)?|  +- .*)$", r"\1\2", text, flags=re.MULTILINE)
        text = text.replace("raw:\n      - ctd/*.hex\n", "raw:\n")
        text = text.replace("project: the cruise or project that paid", "project: Cold seep")
        (archive / file).write_text(text)
    write(archive, {"raw/ctd/a.hex": "x", "raw/ctd/live/a.hex": "x", "raw/optode/a.log": "x",
                    "ctd_coefficients.yaml": COEFFICIENTS})  # fmt: skip
    assert [str(mistake) for mistake in validate(archive)] == []
    text = (archive / "deployments/first.yaml").read_text()
    for key in ("touchdown", "disturbances", "references", "primary", "clock_checks", "qc", "optode", "settings"):
        assert re.search(rf"^ *{key}:", text, flags=re.MULTILINE), f"{key} was not uncommented"


def test_init_overwrites_nothing(tmp_path):
    write(tmp_path, {"README.md": "mine", "raw/a.hex": "x"})
    written = init(tmp_path)
    assert sorted(path.name for path in written) == ["archive.yaml", "example.yaml.template"]
    assert (tmp_path / "README.md").read_text() == "mine"
    (tmp_path / "archive.yaml").write_text("mine")
    with pytest.raises(ConfigError, match="is an archive already"):
        init(tmp_path)
    assert (tmp_path / "archive.yaml").read_text() == "mine"


def test_init_into_a_file_is_refused_in_words(tmp_path):
    write(tmp_path, {"file": "x"})
    with pytest.raises(ConfigError, match="cannot write an archive"):
        init(tmp_path / "file")
