"""Manual flags from the command line."""

import json

import pytest
from typer.testing import CliRunner

import lander
from lander import flag_log
from lander.cli import app
from lander.flag_lines import LOG_NAME, iso
from tests.lander.flagged import CTD, END, START, flagged
from tests.lander.simulated import digests, run


@pytest.fixture
def own(own_month):
    return own_month


def cli(*words: object) -> tuple[int, str, str]:
    result = CliRunner().invoke(app, [str(word) for word in words])
    return result.exit_code, result.stdout, result.stderr


def test_the_commands(own):
    why = "plug \x1b[31m[bold]loose\nsince noon"
    code, shown, _ = cli("flag", "add", own, "temperature", START, END, "--flag", 4, "--why", why, "--who", "Ada")
    lines = shown.splitlines()
    assert code == 0
    assert lines[0] == f"manual flag 1 in {own / LOG_NAME}:1"
    assert lines[1] == f"  temperature by ctd of one from {START} to {END} (30 samples): 4, bad data"
    assert lines[2].endswith("Z: plug \\x1b[31m[bold]loose\\nsince noon")
    assert lines[4:6] == ["stale now, with all that hangs on it", f"  {CTD}/2016-09.nc"]
    assert lines[-1] == f"Next: lander run {own}"
    assert flag_log.read(own).flags[0].why == why
    assert cli("flag", "add", own, "temperature", "2016-09-18T00:00:10", "--flag", 3, "--why", "odd")[0] == 0
    run(own)
    code, shown, _ = cli("flag", "list", own)
    assert code == 0
    sample = flag_log.read(own).flags[1].times[0]
    assert f"  {iso(sample)}  " in shown
    assert "2 of 2 count" in shown
    assert "\x1b" not in shown
    code, shown, _ = cli("flag", "undo", own, 1, "--why", "wrong lander", "--who", "Ben")
    assert code == 0
    assert "manual flag 1 of temperature by ctd of one is undone" in shown
    assert f"  {CTD}/2016-09.nc" in shown
    rows = json.loads(cli("flag", "list", own, "--json")[1])
    assert [one["records"] for one in rows] == [30, 1]
    assert [one["undone_why"] for one in rows] == ["wrong lander", None]
    assert rows[0]["why"] == why


BAD_WORDS = [
    (("add", "temperatur", START, END, "--flag", 4, "--why", "x"), "did you mean 'temperature'"),
    (("add", "temperature", START, END, "--flag", 6, "--why", "x"), "flag: 6; expected one of"),
    (("add", "temperature", START, END, "--flag", 4), "--why"),
    (("undo", 7, "--why", "x"), "no manual flag 7; not undone are: 1"),
    (("undo", "x", "--why", "x"), "Error"),
]


@pytest.mark.parametrize(("words", "said"), BAD_WORDS)
def test_wrong_words_leave_with_2_and_write_nothing(own, words, said):
    flagged(own)
    before = (own / LOG_NAME).read_bytes()
    code, _, told = cli("flag", words[0], own, *words[1:])
    assert code == 2
    assert said in told
    assert (own / LOG_NAME).read_bytes() == before


def test_undone_twice_is_told(own):
    number = flagged(own)
    lander.open(own).unflag(number, why="wrong lander", who="Ben")
    code, _, told = cli("flag", "undo", own, number, "--why", "again")
    assert code == 2
    assert "was undone at" in told
    assert "by Ben: wrong lander" in told


def test_a_flag_that_no_longer_fits_the_configuration_can_be_undone(own):
    flagged(own)
    content = (own / LOG_NAME).read_text().replace('"ctd"', '"gone"')
    (own / LOG_NAME).write_text(content)
    assert cli("run", own)[0] == 2
    code, shown, told = cli("flag", "list", own)
    assert code == 0
    assert "by gone of one" in shown
    assert "unknown instrument 'gone'" in told
    assert cli("flag", "undo", own, 1, "--why", "the instrument has another name now")[0] == 0
    assert cli("run", own, "--workers", 1)[0] == 0


@pytest.mark.parametrize("words", [("list",), ("undo", 1, "--why", "x")])
def test_a_folder_that_is_no_archive_is_refused(tmp_path, words):
    code, _, told = cli("flag", words[0], tmp_path, *words[1:])
    assert code == 2
    assert "no archive.yaml" in told
    assert digests(tmp_path) == {}
    assert list(tmp_path.iterdir()) == []
