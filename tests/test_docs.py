"""What the documents say is so: commands and options exist, links lead somewhere, examples work."""

import os
import re
import shlex
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
import typer.main

import ingest
import lander
from ingest import reader as readers
from ingest.ledger import Span
from lander import product as products
from lander.cli import app
from lander.product import Observations
from qc import check as checks
from qc.check import VariableTraits
from qc.plan import Plan
from tests.ingest.conftest import CORPUS, corpus_files
from tests.ingest.expected_names import tables
from tests.ingest.made.files import made_files

ROOT = Path(__file__).parents[1]
DOCUMENTS = sorted([*ROOT.glob("*.md"), *ROOT.glob("sample_data/*.md")])
READER_NAME, PRODUCT_NAME = "thermistor", "daily"


def fences(text: str, language: str | None = None) -> list[str]:
    """Code blocks of a document, those of one language where it is named."""
    found = re.findall(r"^```(\w*)\n(.*?)^```$", text, re.MULTILINE | re.DOTALL)
    return [body for kind, body in found if language is None or kind == language]


def commands(text: str) -> list[list[str]]:
    """Every `lander ...` line that a reader may type, without comments: in blocks, and between backticks."""
    outside = re.sub(r"^```.*?^```$", "", text, flags=re.MULTILINE | re.DOTALL)
    lines = [line.strip() for body in fences(text) for line in body.splitlines()]
    lines += re.findall(r"`([^`\n]+)`", outside)
    typed = [shlex.split(line, comments=True) for line in lines if re.match(r"lander [a-z-]", line)]
    return [words[1:] for words in typed]


def options() -> dict[str, set[str]]:
    group = typer.main.get_command(app)
    known: dict[str, object] = group.commands  # type: ignore[attr-defined]
    for name, command in [*known.items()]:
        known |= {f"{name} {below}": one for below, one in getattr(command, "commands", {}).items()}
    return {
        name: {"--help", *(word for parameter in command.params for word in parameter.opts if word.startswith("--"))}  # type: ignore[attr-defined]
        for name, command in known.items()
    }


def wrong(words: list[str], known: dict[str, set[str]]) -> list[str]:
    """Words of a command line that the program does not know."""
    if " ".join(words[:2]) in known:
        words = [" ".join(words[:2]), *words[2:]]
    if words[0] not in known:
        return [words[0]]
    return [word for word in words[1:] if word.startswith("--") and word not in known[words[0]]]


@pytest.mark.parametrize("path", DOCUMENTS, ids=lambda path: path.name)
def test_commands_exist(path: Path) -> None:
    known = options()
    assert [(words, bad) for words in commands(path.read_text()) if (bad := wrong(words, known))] == []


def test_a_wrong_command_is_noticed() -> None:
    text = "`lander runn x`\n\n```sh\nlander run x --worker 2  # comment\nlander run x --workers 2\n```\n"
    assert [wrong(words, options()) for words in commands(text)] == [["--worker"], [], ["runn"]]


def test_the_readme_shows_the_main_job() -> None:
    typed = commands((ROOT / "README.md").read_text())
    shown = {words[0] for words in typed} | {" ".join(words[:2]) for words in typed}
    assert options().keys() - {"demo"} <= shown  # `make demo` runs that one


def test_the_readme_leads_with_targets_that_exist() -> None:
    start = (ROOT / "README.md").read_text()[:300]
    targets = set(re.findall(r"^(\w+):", (ROOT / "Makefile").read_text(), re.MULTILINE))
    named = re.findall(r"^    make (\w+)", start, re.MULTILINE)
    assert named == ["demo", "test"]
    assert set(named) <= targets
    for path in DOCUMENTS:
        assert set(re.findall(r"`make (\w+)`", path.read_text())) <= targets, path.name


@pytest.mark.parametrize("path", DOCUMENTS, ids=lambda path: path.name)
def test_links_lead_to_files(path: Path) -> None:
    links = re.findall(r"\]\(([^)#]+)[^)]*\)", path.read_text())
    local = [link for link in links if not link.startswith(("http://", "https://"))]
    assert [link for link in local if not (path.parent / link).exists()] == []


def test_paths_named_in_contributing_exist() -> None:
    text = (ROOT / "CONTRIBUTING.md").read_text()
    before_planned = text.replace("`report.py`", "")
    named = re.findall(r"`((?:lander|ingest|qc|tests|sample_data)/[\w/.]+(?:\.py|/))`", before_planned)
    assert len(named) > 20
    invented = {f"ingest/readers/{READER_NAME}.py", f"lander/products/{PRODUCT_NAME}.py"}
    assert [name for name in named if name not in invented and not (ROOT / name).exists()] == []


def test_the_changelog_names_this_version() -> None:
    versions = re.findall(r"^## \[([^\]]+)\]", (ROOT / "CHANGELOG.md").read_text(), re.MULTILINE)
    assert versions[0] == lander.__version__


def test_the_flag_table_is_the_scheme() -> None:
    from qc.flags import FLAG_VALUES, to_qartod

    rows = re.findall(r"^\| (\d) \|.*\| (\d) [a-z ]+\|$", (ROOT / "README.md").read_text(), re.MULTILINE)
    assert [int(flag) for flag, _ in rows] == list(FLAG_VALUES)
    view = to_qartod(np.array(FLAG_VALUES, dtype=np.int8))
    assert [int(seen) for _, seen in rows] == view.tolist()


def rows(heading: str, first: str) -> dict[str, list[str]]:
    """The table below a heading of the README whose first column is called `first`: cells by the name in backticks."""
    text = (ROOT / "README.md").read_text()
    section = text[text.index(f"## {heading}\n") :].split("\n## ")[0]
    table = section[section.index(f"| {first} |") :].split("\n\n")[0]
    cells = [[cell.strip() for cell in line.strip("|").split(" | ")] for line in table.splitlines()[2:]]
    named = [row[0].strip().strip("`") for row in cells]
    assert sorted(named) == sorted(set(named)), "a row twice"
    return dict(zip(named, cells, strict=True))


def names(cell: str) -> set[str]:
    return set(re.findall(r"`(\w+)`", cell))


def test_the_readme_lists_every_reader() -> None:
    assert rows("Formats", "reader").keys() == readers.discover().keys()


@pytest.mark.parametrize("reader", readers.discover())
def test_the_readme_says_on_what_a_reader_was_tested(reader: str) -> None:
    folders = [folder for folder, table in tables().items() if reader == table.READER]
    tested = rows("Formats", "reader")[reader][5]
    said = re.match(r"(\d+) real\b", tested)
    assert (said is None) == (not folders), tested
    assert said or tested == "made only"
    if not CORPUS.is_dir() or "LANDER_CORPUS" in os.environ:
        pytest.skip("the numbers are those of the shared corpus")
    real = [path for path in corpus_files() if path.parent.name in folders]
    assert len(real) == (int(said[1]) if said else 0)


def test_the_readme_names_the_streams_of_files(tmp_path: Path) -> None:
    table = rows("Formats", "reader")
    for name, content in made_files():
        file = tmp_path / name
        file.write_bytes(content)
        decoded = ingest.decode(file)
        given = {re.sub(r"_\d+$", "", stream) for stream in decoded.streams}
        assert given <= names(table[decoded.reader][3]), name


def test_the_readme_lists_every_check() -> None:
    """With whether it is planned where everything is known that defaults hang on, and whether flag 1 takes its pass."""
    known = VariableTraits(sampling_seconds=10, valid_min=0, valid_max=40, resolution=0.001, response_seconds=20)
    planned = {one.check for one in Plan.build({}, {"temperature": known}).for_variable("temperature")}
    word = {True: "yes", False: "no"}
    stated = {name: row[1:3] for name, row in rows("Quality flags", "check").items()}
    assert stated == {name: [word[name in planned], word[check.required]] for name, check in checks.discover().items()}


def test_the_readme_names_the_products() -> None:
    text = (ROOT / "README.md").read_text()
    row = next(line for line in text.splitlines() if line.startswith("| L3 |"))
    assert set(re.findall(r"`(\w+)`: ", row)) == {"one_minute", "hourly"} <= set(products.discover())


# Pieces, so that this file does not hold what it looks for.
PLACES = (r"(?<![\w.])/wo" + "rk/", "/tm" + r"p/w\b", "py" + r"pi\.", "pythonh" + "osted", "/ro" + "ot/")
MACHINE = re.compile("|".join(PLACES))


def tracked() -> list[Path]:
    done = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, text=True, check=False)
    if done.returncode:
        pytest.skip("not a git checkout")
    return [ROOT / name for name in done.stdout.split("\0") if name and (ROOT / name).is_file()]


def test_no_file_names_a_place_on_some_machine() -> None:
    found = []
    for path in tracked():
        try:
            text = path.read_text(encoding="utf-8")
        except UnicodeDecodeError:
            continue
        found += [f"{path.relative_to(ROOT)}: {match[0]}" for match in MACHINE.finditer(text)]
    assert found == []


def test_the_search_for_places_finds_one() -> None:
    assert MACHINE.search("see /wo" + "rk/main/x")
    assert MACHINE.search("in '/tm" + "p/w/venv'")
    assert not MACHINE.search("the folder network/work/of, /tmp/writer")


def example(document: str, start: str) -> str:
    """The one code block of a document that begins with these words."""
    found = [body for body in fences((ROOT / document).read_text(), "python") if body.startswith(start)]
    assert len(found) == 1
    return found[0]


@pytest.fixture
def thermistor(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """The reader of CONTRIBUTING, put where readers are found."""
    import ingest.readers as folder

    code = example("CONTRIBUTING.md", '"""Thermistor')
    (tmp_path / f"{READER_NAME}.py").write_text(code)
    monkeypatch.setattr(folder, "__path__", [*folder.__path__, str(tmp_path)])
    readers.discover.cache_clear()
    yield code
    sys.modules.pop(f"ingest.readers.{READER_NAME}", None)
    if hasattr(folder, READER_NAME):
        delattr(folder, READER_NAME)
    readers.discover.cache_clear()


def test_the_example_of_a_reader_is_short(thermistor: str) -> None:
    assert len(thermistor.splitlines()) <= 40


@pytest.mark.parametrize("block_bytes", [7, 64, 1_000_000])
def test_the_example_of_a_reader_reads(thermistor: str, tmp_path: Path, block_bytes: int) -> None:
    damaged, cut = b"1473309010 3.87#1\n", b"14733"
    lines = [b"1473309000 3.8751\n", damaged, b"1473309020 -0.1250\r\n", b"1473309030 3.8753\n", cut]
    file = tmp_path / "T1.log"
    file.write_bytes(b"".join(lines))
    decoded = ingest.decode(file, block_bytes=block_bytes)
    samples = decoded.streams["samples"]
    assert decoded.reader == READER_NAME
    np.testing.assert_array_equal(samples.temperature, [3.8751, -0.125, 3.8753])
    assert samples.temperature.attrs["units"] == "degree_Celsius"
    seconds = samples.time.values.astype("datetime64[s]").astype(int)
    np.testing.assert_array_equal(seconds, [1473309000, 1473309020, 1473309030])
    np.testing.assert_array_equal(samples.source_offset, [0, 36, 56])
    np.testing.assert_array_equal(samples.source_length, [17, 18, 17])
    assert decoded.ledger.rejected == (Span(18, 18, "not a sample"), Span(74, 5, "not a sample"))
    assert decoded.ledger.adds_up


def test_the_example_of_a_reader_claims_its_own_only(thermistor: str) -> None:
    assert readers.claim(b"1473309000 3.8751\n", "T1.log").name == READER_NAME
    assert not readers.discover()[READER_NAME].sniff(b"1473309000;3.8751\n", "T1.log")


def test_the_example_is_gone_afterwards() -> None:
    assert READER_NAME not in readers.discover()


def test_the_example_of_a_product_makes_rows() -> None:
    space: dict[str, products.Product] = {}
    exec(example("CONTRIBUTING.md", '"""The daily series'), space)
    daily = space["PRODUCT"]
    assert daily.name == PRODUCT_NAME
    day = 86_400_000_000
    time = np.array([0, day - 1, day, 3 * day], dtype=np.int64)
    seen = Observations(np.array([1.0, 3.0, 5.0, 7.0]), np.array([1, 2, 4, 1], dtype=np.int8))
    table = products.compute(daily, time, {"temperature": seen}, 0, 10 * day)
    np.testing.assert_array_equal(table.time, [0, day, 3 * day])
    np.testing.assert_array_equal(table.columns["all_temperature_mean"].values, [2.0, 5.0, 7.0])
    np.testing.assert_array_equal(table.columns["good_temperature_count"].values, [2, 0, 1])
