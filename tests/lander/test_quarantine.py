"""Inputs that give nothing are named with cause and remedy, kept in an account of their bytes, and stop nobody else."""

import json
import re
from dataclasses import replace
from pathlib import Path

import pytest
import yaml
from typer.testing import CliRunner

import ingest.reader
from lander import catalog, config, intake
from lander import index as index_module
from lander.cli import app
from lander.stages import decode
from lander.status import status
from tests.lander.simulated import change, run
from tests.lander.tiny import few_products, tiny


@pytest.fixture
def archive(tmp_path_factory, tmp_path):
    return tiny(tmp_path_factory.getbasetemp(), tmp_path / "archive")


@pytest.fixture(autouse=True)
def _quick():
    with few_products():
        yield


def twelve(archive: Path) -> dict[str, Path]:
    """Nine good optodes; one with a corrupt file, one with an impossible clock, and a CTD without its calibration."""
    settings = archive / "deployments/one.yaml"
    content = yaml.safe_load(settings.read_text())
    optode, ctd = content["instruments"]["optode"], content["instruments"]["ctd"]
    content["instruments"] = {"uncalibrated": {**ctd, "raw": "uncalibrated/*.hex"}}
    log = (archive / "raw/one/optode/20160930.optode.log").read_bytes()
    header = (archive / "raw/one/ctd/sim-one.hex").read_text()
    contents = {
        "corrupt": bytes(range(256)) * 40,
        "misdated": log.replace(b"2016/09/", b"1999/09/"),
        **{f"good{number}": log for number in range(9)},
    }
    files = {"uncalibrated": archive / "raw/uncalibrated/one.hex"}
    for number, name in enumerate(contents):
        files[name] = archive / f"raw/{name}/one.optode.log"
        content["instruments"][name] = {**optode, "serial": str(number), "raw": f"{name}/*.log", "clock_checks": []}
    content["primary"] = {name: "good0" for name in ("oxygen_concentration_uncompensated",)}
    for name, file in files.items():
        file.parent.mkdir()
        cut = re.sub(r"<Calibration.*?</Calibration>\s*", "", header, flags=re.DOTALL)
        file.write_bytes(contents[name] if name in contents else re.sub(r"\*A0=.*\n", "", cut).encode())
    settings.write_text(yaml.safe_dump(content))
    return files


def test_three_bad_instruments_of_twelve_are_named_and_nine_are_processed(archive):
    files = twelve(archive)
    result = CliRunner().invoke(app, ["run", str(archive), "--workers", "1"])
    assert result.exit_code == 1, result.stderr
    index = index_module.load(archive / "store")
    done = {path.split("/")[2] for path, entry in index.files.items() if entry.stage == "L2"}
    assert done == {f"good{number}" for number in range(9)}
    named = {name: index.raw[file.relative_to(archive / "raw").as_posix()].failure for name, file in files.items()}
    assert "calibration" in named["uncalibrated"].lower()
    assert "1999" in named["misdated"]
    assert "clock_checks" in named["misdated"]
    assert "known formats" in named["corrupt"]
    for name in ("uncalibrated", "misdated", "corrupt"):
        assert f"{name}/one" in result.stderr
    assert not {name for name, reason in named.items() if name.startswith("good") and reason}
    again = CliRunner().invoke(app, ["run", str(archive), "--workers", "1"])
    assert again.exit_code == 1
    assert "nothing to do" in again.stdout
    assert "corrupt/one" in again.stderr


def test_every_byte_of_what_gave_nothing_is_accounted_for(archive):
    twelve(archive)
    run(archive)
    found = status(config.load(archive))
    assert len(found.quarantine) == 3
    for path, row in found.quarantine.items():
        size = (archive / "raw" / path).stat().st_size
        assert size == sum(row.ledger[f"bytes_{word}"] for word in ("accepted", "skipped", "rejected"))
    assert found.quarantine["corrupt/one.optode.log"].ledger["rejected"][0][:2] == [0, 10_240]
    said = CliRunner().invoke(app, ["status", str(archive)])
    assert said.exit_code == 1
    assert "10,240" in said.stdout
    assert "tried again" in said.stdout


def test_a_mended_file_leaves_the_quarantine(archive):
    files = twelve(archive)
    run(archive)
    files["corrupt"].write_bytes(files["good0"].read_bytes())
    outcome = run(archive)
    assert outcome.decoded == ["corrupt/one.optode.log"]
    assert "corrupt/one.optode.log" not in outcome.failed
    assert any("/corrupt/" in path for path in outcome.built)


def test_a_later_reader_tries_again(archive, monkeypatch):
    twelve(archive)
    run(archive)
    known = dict(ingest.discover())
    later = {**known, "sbe_hex": replace(known["sbe_hex"], version=known["sbe_hex"].version + 1)}
    monkeypatch.setattr(intake.ingest, "discover", lambda: later)
    monkeypatch.setattr(ingest.reader, "discover", lambda: later)
    # The uncalibrated CTD is its own reader's; what nobody claims is any reader's.
    assert set(run(archive).decoded) == {"uncalibrated/one.hex", "corrupt/one.optode.log"}


def test_a_defect_of_a_reader_stops_nobody_else(archive, monkeypatch):
    known = dict(ingest.discover())

    def broken(block, offset, state):
        raise IndexError("list index out of range")

    monkeypatch.setattr(
        ingest.reader, "discover", lambda: {**known, "sbe_hex": replace(known["sbe_hex"], parse=broken)}
    )
    outcome = run(archive)
    assert "IndexError" in outcome.failed["one/ctd/sim-one.hex"]
    assert any("/optode/samples/L2/" in path for path in outcome.built)


def test_a_file_of_two_instruments_is_refused(archive):
    change(archive / "deployments/one.yaml", lambda one: one["instruments"].update(
        second={**one["instruments"]["optode"], "serial": "1000"}))  # fmt: skip
    outcome = run(archive)
    assert "one/optode and one/second" in outcome.failed["one/optode/20160930.optode.log"]
    assert any("/ctd/samples/L2/" in path for path in outcome.built)
    assert not run(archive).changed


def test_a_file_that_cannot_be_read_keeps_its_samples_of_before(archive, monkeypatch):
    run(archive)
    file = archive / "raw/one/optode/20161001.optode.log"
    file.write_bytes(file.read_bytes())

    def refuse(path):
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(catalog, "_identify", refuse)
    outcome = run(archive)
    assert not outcome.built
    assert "Permission denied" in outcome.failed["one/optode/20161001.optode.log"]
    monkeypatch.undo()
    with few_products():
        assert not run(archive).failed


def test_a_file_that_grows_while_it_is_read_waits_for_the_next_run(archive, monkeypatch):
    file = archive / "raw/one/optode/20161001.optode.log"
    whole = file.read_bytes()
    file.write_bytes(whole[: len(whole) // 2])
    honest = decode.run

    def growing(job):
        if job.found.path.endswith("20161001.optode.log"):
            file.write_bytes(whole)
        return honest(job)

    monkeypatch.setattr(decode, "run", growing)
    outcome = run(archive)
    assert "changed while it was read" in outcome.failed["one/optode/20161001.optode.log"]
    assert "one/optode/20161001.optode.log" not in index_module.load(archive / "store").raw
    monkeypatch.setattr(decode, "run", honest)
    outcome = run(archive)
    assert not outcome.failed
    assert "one/optode/20161001.optode.log" in outcome.decoded


def test_the_index_keeps_the_ledger_of_good_files_too(archive):
    run(archive)
    rows = json.loads((archive / "store/index.json").read_text())["raw"]
    for path, row in rows.items():
        counts = [row["ledger"][f"bytes_{word}"] for word in ("accepted", "skipped", "rejected")]
        assert sum(counts) == (archive / "raw" / path).stat().st_size
