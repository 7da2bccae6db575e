"""Every mistake planted into an archive is found, alone and with its line; archives without one are left in peace."""

import pytest

from lander.config.validate import Mistake, validate
from tests.lander.archives import ARCHIVE, F1, F2, FILES, known_plugins, write
from tests.lander.planted import D1, D2, PLANTS, A

__all__ = ["known_plugins"]  # a fixture, used by its name
pytestmark = pytest.mark.usefixtures("known_plugins")


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
