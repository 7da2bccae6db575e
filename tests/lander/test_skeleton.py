"""What `lander init` writes says what to fill in, and is valid once that is done."""

import re
from pathlib import Path

import pytest

from lander.config.skeleton import init
from lander.config.validate import validate
from lander.errors import ConfigError
from tests.lander.archives import COEFFICIENTS, known_plugins, write

__all__ = ["known_plugins"]  # a fixture, used by its name
pytestmark = pytest.mark.usefixtures("known_plugins")


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
    write(archive, {"raw/ctd/a.hex": "x", "raw/ctd/live/a.hex": "x", "raw/optode/a.log": "x", "raw/currents/a.aqd": "x",
                    "ctd_coefficients.yaml": COEFFICIENTS})  # fmt: skip
    assert [str(mistake) for mistake in validate(archive)] == []
    text = (archive / "deployments/first.yaml").read_text()
    keys = ("touchdown", "disturbances", "references", "primary", "clock_checks", "qc", "optode", "settings", "doppler")
    for key in keys:
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
