"""The command line as people and scripts meet it: exit codes, JSON, pipes, wrong words."""

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
from typer.testing import CliRunner

import ingest
from lander import cli
from tests.ingest.made.sea_bird import bare_file
from tests.lander.simulated import change, copy, digests

ROOT = Path(__file__).parents[2]
ESCAPE = re.compile(r"\x1b\[")


def lander(*words, cwd=None, **environment):
    """Run the command as a process of its own, its output in pipes."""
    return subprocess.run(
        [sys.executable, "-c", "from lander.cli import main; main()", *map(str, words)],
        capture_output=True, text=True, cwd=cwd, timeout=120,
        env={**os.environ, "PYTHONPATH": str(ROOT), **environment},
    )  # fmt: skip


class Result:
    """What a command did in this process: much faster than one of its own."""

    def __init__(self, code: int, out: str, err: str):
        self.code, self.out, self.err = code, out, err


@pytest.fixture
def call(monkeypatch, capsys):
    def run(*words) -> Result:
        monkeypatch.setattr(sys, "argv", ["lander", *map(str, words)])
        try:
            cli.main()
            code = 0
        except SystemExit as leaving:
            code = leaving.code or 0
        captured = capsys.readouterr()
        assert not ESCAPE.search(captured.out + captured.err)
        assert "Traceback" not in captured.err
        return Result(code, captured.out, captured.err)

    return run


@pytest.fixture(scope="module")
def profiler_file(with_profiler):
    (file,) = (with_profiler / "raw/three/adcp").iterdir()
    return file


def test_help_is_quick_and_imports_no_numbers():
    code = (
        "import sys\nfrom lander.cli import main\nsys.argv = ['lander', '--help']\n"
        "try:\n    main()\nexcept SystemExit:\n    pass\n"
        "heavy = {'numpy', 'xarray', 'netCDF4', 'dask', 'numba', 'scipy', 'matplotlib', 'pandas', 'pydantic', 'gsw'}\n"
        "print('heavy:', sorted(heavy & set(sys.modules)))"
    )
    result = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, cwd=ROOT)
    assert "heavy: []" in result.stdout, result.stdout[-300:] + result.stderr
    for command in ("demo", "init", "validate", "inspect", "run", "status", "explain", "export"):
        assert re.search(rf"\b{command}\b", result.stdout)


@pytest.mark.parametrize("command", ["demo", "init", "validate", "inspect", "run", "status", "explain", "export"])
def test_every_command_has_help(command):
    result = CliRunner().invoke(cli.app, [command, "--help"])
    assert result.exit_code == 0
    assert "Usage" in result.output


def test_wrong_words_exit_2(call, seafloor):
    for words in (["nothing"], ["run"], ["run", seafloor, "--workers", "0"], ["run", seafloor, "--nonsense"]):
        result = call(*words)
        assert result.code == 2, words
        assert result.err.strip()


def test_no_command_shows_the_help(call):
    assert "inspect" in call().out


def test_a_run_of_what_is_up_to_date_does_nothing(call, own):
    before = digests(own / "store")
    result = call("run", own)
    assert (result.code, result.err) == (0, "")
    assert result.out.startswith("nothing to do: 86 files are up to date")
    assert digests(own / "store") == before


def test_a_run_in_a_pipe_is_quiet_and_exits_0(seafloor, tmp_path):
    fresh = copy(seafloor, tmp_path / "with space and ünïcode")
    (fresh / "store/sitef/one/ctd/samples/L2/2016-10.nc").unlink()
    result = lander("run", fresh, "--workers", "1")
    assert (result.returncode, result.stderr) == (0, "")
    assert not ESCAPE.search(result.stdout)
    assert len(result.stdout.splitlines()) == 2
    assert "made: 1" in result.stdout


def test_a_failing_input_exits_1_and_is_named(call, own):
    (own / "raw/one/ctd/late.hex").write_bytes(b"")
    result = call("run", own)
    assert result.code == 1
    assert result.err.startswith("error: one/ctd/late.hex: ")
    assert call("status", own).code == 1
    assert call("run", own).code == 1, "still there, still named"


def test_a_failing_input_of_a_hostile_name_is_one_line(call, own):
    for name in ("new\nline.hex", "[bold]red[bold].hex", "a 'quoted\" name.hex", "naïve.hex"):
        (own / "raw/one/ctd" / name).write_bytes(b"nothing of use\n" * 20)
    result = call("run", own)
    assert result.code == 1
    lines = [line for line in result.err.splitlines() if line]
    assert len(lines) == 4, result.err
    assert all(line.startswith("error: one/ctd/") for line in lines)
    assert "[bold]red[bold].hex" in result.err


def test_good_files_of_hostile_names_are_read_and_explained(call, own):
    file = own / "raw/one/optode/20161002.optode.log"
    file.rename(file.with_name("a 'quoted\" [name] ü\n.optode.log"))
    assert call("run", own).code == 0
    result = call("explain", own, "oxygen_concentration_uncompensated", "2016-10-02T12:00:00", "--json")
    assert json.loads(result.out)["source"]["file"].endswith("a 'quoted\" [name] ü\n.optode.log")
    assert call("explain", own, "oxygen_concentration_uncompensated", "2016-10-02T12:00:00").code == 0
    assert call("status", own).code == 0


@pytest.mark.parametrize("command", ["run", "status", "validate"])
@pytest.mark.parametrize("place", ["missing", "empty folder", "a file"])
def test_what_is_no_archive_exits_2_and_writes_nothing(call, tmp_path, command, place):
    path = tmp_path / place
    if place == "empty folder":
        path.mkdir()
    if place == "a file":
        path.write_text("something")
    result = call(command, path)
    assert result.code == 2
    assert str(path) in result.err + result.out
    assert not (path / "store").exists()


@pytest.mark.parametrize("words", [["explain", "{}", "temperature", "2016-10-01"], ["export", "{}", "--out", "out"]])
def test_what_is_no_archive_is_not_explained(call, tmp_path, monkeypatch, words):
    monkeypatch.chdir(tmp_path)
    result = call(*(word.format(tmp_path / "missing") for word in words))
    assert result.code == 2
    assert list(tmp_path.iterdir()) == []


def test_a_mistake_in_the_configuration_exits_2_and_writes_nothing(call, own):
    change(own / "deployments/one.yaml", lambda one: one.update(watr_depth=3))
    before = digests(own / "store")
    for words in (["run", own], ["validate", own], ["status", own], ["explain", own, "temperature", "2016-10-01"]):
        result = call(*words)
        assert result.code == 2, words
        assert "watr_depth" in result.out + result.err
        assert "water_depth" in result.out + result.err
    assert digests(own / "store") == before


def test_validate_of_a_good_archive(call, seafloor):
    result = call("validate", seafloor)
    assert result.code == 0
    assert "no mistakes" in result.out


def test_init_then_validate_names_what_is_to_be_filled_in(call, tmp_path):
    assert call("init", tmp_path / "new").code == 0
    assert (tmp_path / "new/archive.yaml").exists()
    assert call("validate", tmp_path / "new").code == 2
    again = call("init", tmp_path / "new")
    assert again.code == 2, "never over somebody's files"


INSPECT = {"file", "bytes", "sha256", "reader", "streams", "ledger"}
STREAM = {"records", "time_first", "time_last", "variables"}
VARIABLE = {"units", "dtype", "shape", "n_finite", "min", "max", "mean", "first3", "last3"}
LEDGER = {"bytes_accepted", "bytes_skipped", "bytes_rejected", "rejected", "expected_records"}


def strict(text: str):
    def refuse(word):
        raise AssertionError(f"{word} is no JSON")

    return json.loads(text, parse_constant=refuse)


@pytest.mark.parametrize("name", ["one/ctd/sim-one.hex", "one/optode/20160930.optode.log", "profiler"])
def test_inspect_json_has_the_keys_of_the_design(call, seafloor, profiler_file, name):
    file = profiler_file if name == "profiler" else seafloor / "raw" / name
    result = call("inspect", file, "--json")
    assert (result.code, result.err) == (0, "")
    found = strict(result.out)
    assert set(found) == INSPECT
    assert set(found["ledger"]) == LEDGER
    counts = [found["ledger"][f"bytes_{word}"] for word in ("accepted", "skipped", "rejected")]
    assert sum(counts) == found["bytes"] == file.stat().st_size
    for stream in found["streams"].values():
        assert set(stream) == STREAM
        assert stream["time_first"].endswith("Z")
        assert stream["records"] > 0
        for variable in stream["variables"].values():
            assert set(variable) == VARIABLE
            assert len(variable["first3"]) <= 3
    plain = call("inspect", file)
    assert plain.code == 0
    assert "temperature" in plain.out or "oxygen" in plain.out


def test_inspect_says_which_instrument_and_what_of_its_calibration(call, tmp_path, seafloor):
    told = call("inspect", seafloor / "raw" / "one" / "ctd" / "sim-one.hex").out
    attributes = ingest.read(seafloor / "raw" / "one" / "ctd" / "sim-one.hex").attrs
    assert f"{attributes['instrument_model']}, serial number {attributes['serial_number']}" in told
    (tmp_path / "bare.hex").write_bytes(bare_file())
    told = call("inspect", tmp_path / "bare.hex").out
    assert "calibration: none in the file and none given: raw counts" in told
    assert "possible samples:\n  SBE37SMP-ODO: temperature conductivity" in told


def test_inspect_of_what_cannot_be_read(call, tmp_path, seafloor):
    (tmp_path / "empty.hex").write_bytes(b"")
    (tmp_path / "noise.bin").write_bytes(bytes(range(256)) * 40)
    for path, words in ((tmp_path / "empty.hex", "empty"), (tmp_path / "missing", "missing"),
                        (tmp_path, "folder|directory"), (tmp_path / "noise.bin", "known formats")):  # fmt: skip
        for more in ([], ["--json"]):
            result = call("inspect", path, *more)
            assert result.code == 1, path
            assert result.out == ""
            assert re.search(words, result.err), result.err
            assert len(result.err.strip().splitlines()) == 1


EXPLAIN = {"variable", "time", "value", "units", "flag", "instrument", "source", "steps", "flags", "record", "digest"}


@pytest.mark.parametrize("variable", ["temperature", "practical_salinity", "oxygen_concentration", "blue_phase"])
def test_explain_json_has_the_keys_of_the_design(call, seafloor, variable):
    result = call("explain", seafloor, variable, "2016-10-01T06:00:00", "--json")
    assert (result.code, result.err) == (0, "")
    told = strict(result.out)
    assert set(told) == EXPLAIN
    assert set(told["source"]) == {"file", "sha256", "offset", "length"}
    for step in told["steps"]:
        assert set(step) == {"stage", "before", "after", "parameters"}
    assert told["flags"]
    for flag in told["flags"]:
        assert set(flag) == {"test", "result", "threshold", "value"}
    plain = call("explain", seafloor, variable, "2016-10-01T06:00:00")
    assert plain.code == 0
    assert told["source"]["file"] in plain.out


def test_explain_says_what_is_wrong(call, seafloor):
    for words, expected in (
        (["temprature", "2016-10-01"], "did you mean 'temperature'"),
        (["temperature", "2019-10-01"], "nearest is at 2016-10-1"),
        (["temperature", "yesterday"], "yesterday"),
        (["temperature", ""], "time"),
        (["temperature", "2016-13-01"], "2016-13-01"),
        (["temperature", "2016-10-01T06:00+08:00"], "expected UTC"),
        (["temperature", "2016-10-01", "--instrument", "optode"], "no series"),
    ):
        result = call("explain", seafloor, *words)
        assert result.code == 2, words
        assert expected in result.err, result.err
        assert len(result.err.strip().splitlines()) == 1


def test_export_writes_tables_and_says_which(call, seafloor, tmp_path):
    result = call("export", seafloor, "--out", tmp_path / "out", "--variables", "temperature", "--start", "2016-10-01",
                  "--end", "2016-10-01", "--qc", "1,2")  # fmt: skip
    assert (result.code, result.err) == (0, "")
    written = sorted(path.name for path in (tmp_path / "out").iterdir())
    assert written == ["README.txt", "data_dictionary.csv", "sitef_temperature.csv"]
    assert all(name in result.out for name in written)


def test_export_says_what_is_wrong(call, seafloor, tmp_path):
    out = tmp_path / "out"
    for words, expected, code in (
        (["--format", "xlsx"], "no format 'xlsx'; there are: csv", 2),
        (["--variables", "temprature"], "did you mean", 2),
        (["--qc", "1,5"], "--qc: 5 is no flag", 2),
        (["--start", "soon"], "soon", 2),
        (["--variables", "temperature", "--start", "2016-10-03T00:00", "--end", "2016-10-01"], "", 0),
    ):
        result = call("export", seafloor, "--out", out, *words)
        assert result.code == code, (words, result.err)
        assert expected in result.err


def test_an_export_into_a_file_is_refused(call, seafloor, tmp_path):
    (tmp_path / "out").write_text("somebody's")
    result = call("export", seafloor, "--out", tmp_path / "out", "--variables", "temperature")
    assert result.code in (1, 2)
    assert str(tmp_path / "out") in result.err
    assert (tmp_path / "out").read_text() == "somebody's"


def test_status_of_what_is_new(call, own):
    assert "everything is up to date" in call("status", own).out
    (own / "raw/one/optode/20161003.optode.log").write_bytes((own / "raw/one/optode/20161002.optode.log").read_bytes())
    result = call("status", own)
    assert result.code == 0
    assert "20161003.optode.log" in result.out
    assert f"Next: lander run {own}" in result.out


def test_a_closed_pipe_is_no_error(seafloor):
    command = f'"{sys.executable}" -c "from lander.cli import main; main()" status "{seafloor}" | head -c 1'
    result = subprocess.run(["bash", "-c", f"set -o pipefail; {command}"], capture_output=True, text=True, cwd=ROOT)
    assert "Traceback" not in result.stderr
    assert "Exception ignored" not in result.stderr


def test_a_demo_goes_into_an_empty_folder_only(call, seafloor):
    result = call("demo", "--out", seafloor, "--days", "1")
    assert result.code == 2
    assert "not empty" in result.err


def test_an_interrupted_run_says_so(call, own, monkeypatch):
    def stop(*words, **more):
        raise KeyboardInterrupt

    monkeypatch.setattr("lander.pipeline.update", stop)
    result = call("run", own)
    assert result.code == 130
    assert "the next run goes on" in result.err


def test_a_second_run_at_the_same_time_is_refused(call, own):
    from lander.lock import held

    with held(own / "store"):
        result = call("run", own)
    assert result.code == 1
    assert "another run holds this archive" in result.err
    assert str(os.getpid()) in result.err
    assert call("run", own).code == 0
