"""Text that a declaration beside it describes, in an archive: runs, what a changed declaration makes anew, mistakes."""

import zipfile

import numpy as np
import pytest

import lander
from lander.config import load
from lander.config.validate import validate
from lander.release import release
from lander.status import status
from tests.lander.simulated import run

ARCHIVE = """\
title: Declared
institution: {name: Institute}
people: [{name: Ada Lovelace, role: principal_investigator}]
licence: CC-BY-4.0
sites: [{code: site, name: Site}]
"""

DEPLOYMENT = """\
id: d1
site: site
platform: lander
start: 2016-09-08T00:00:00Z
end: 2016-09-10T00:00:00Z
position: {latitude: 22.1, longitude: 119.3}
instruments:
  mets:
    model: METS
    serial: "1"
    raw: ["mets/*"]
    calibration:
      source: configuration
      coefficients:
        methane: {c0: 1.2, c1: 0.5, c2: 2.0, c3: 1.5, c4: 3.0, c5: 1.0, c6: 0.9, t0: -3.0, t1: 12.5}
"""

FORMAT = """\
files: ["*.txt"]
delimiter: ";"
zone: {zone}
columns:
  - time: "%Y-%m-%d %H:%M:%S"
  - {{name: methane_sensor_voltage, units: V}}
  - {{name: methane_sensor_temperature_voltage, units: V}}
"""


def lines(day):
    return "".join(f"2016-09-{day:02d} {hour:02d}:00:00;1.2000;0.6000\n" for hour in range(24))


@pytest.fixture
def archive(tmp_path):
    folder = tmp_path / "mine"
    for name, text in {
        "archive.yaml": ARCHIVE,
        "deployments/d1.yaml": DEPLOYMENT,
        "raw/mets/8.txt": lines(8),
        "raw/mets/9.txt": lines(9),
        "raw/mets/lander-format.yaml": FORMAT.format(zone="UTC"),
    }.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text)
    return folder


def test_a_declared_file_runs_with_its_calibration(archive):
    assert validate(archive) == []
    outcome = run(archive)
    assert sorted(outcome.decoded) == ["mets/8.txt", "mets/9.txt"]  # the pattern names the declaration, too
    assert not outcome.failed
    methane = lander.open(archive).series("methane_concentration")["methane_concentration"]
    assert methane.size == 48
    np.testing.assert_allclose(methane.values, 1.009978**1.2, atol=2e-5)
    assert not run(archive).changed


def test_a_changed_declaration_makes_its_files_anew_and_nothing_else(archive):
    run(archive)
    rules = archive / "raw/mets/lander-format.yaml"
    rules.write_text(FORMAT.format(zone="+01:00"))
    assert status(load(archive)).changed == ["mets/8.txt", "mets/9.txt"]
    assert sorted(run(archive).decoded) == ["mets/8.txt", "mets/9.txt"]
    assert str(lander.open(archive).series("methane_concentration")["time"].values[0]) == "2016-09-07T23:00:00.000000"
    # A declaration of its own for one file leaves the other alone; its month is merged anew from both.
    own = archive / "raw/mets/9.txt.format.yaml"
    own.write_text(FORMAT.format(zone="+02:00").partition("\n")[2])
    assert status(load(archive)).changed == ["mets/9.txt"]
    run(archive)
    own.unlink()
    assert status(load(archive)).changed == ["mets/9.txt"]
    run(archive)
    assert not run(archive).changed
    # One that speaks for no file changes nothing.
    (archive / "raw/mets/other.csv.format.yaml").write_text("delimiter: tab\n")
    assert not run(archive).changed


def test_a_wrong_declaration_is_named_and_mended(archive):
    run(archive)
    rules = archive / "raw/mets/lander-format.yaml"
    right = rules.read_text()
    rules.write_text(right.replace("delimiter", "delimitr"))
    found = [str(mistake) for mistake in validate(archive)]
    assert found == [
        "raw/mets/lander-format.yaml:1: delimiter: missing key; expected one character, or one of tab, comma, "
        "semicolon, blanks",
        "raw/mets/lander-format.yaml:2: delimitr: unknown key; did you mean 'delimiter'?",
    ]
    failed = run(archive).failed
    assert sorted(failed) == ["mets/8.txt", "mets/9.txt"]
    assert all("line 2: delimitr: unknown key" in reason for reason in failed.values())
    rules.write_text(right)
    assert sorted(run(archive).decoded) == ["mets/8.txt", "mets/9.txt"]
    assert lander.open(archive).series("methane_concentration").sizes["time"] == 48


def test_a_declaration_that_comes_later_and_goes_again(archive):
    rules = archive / "raw/mets/lander-format.yaml"
    text = rules.read_text()
    rules.unlink()
    assert sorted(run(archive).failed) == ["mets/8.txt", "mets/9.txt"]
    rules.write_text(text)
    assert not run(archive).failed
    rules.unlink()
    assert sorted(run(archive).failed) == ["mets/8.txt", "mets/9.txt"]


def test_members_of_an_archive_by_content_are_made_anew_with_their_declaration(archive):
    """The archive's name says nothing, and the declaration's pattern names its member only."""
    with zipfile.ZipFile(archive / "raw/mets/recovered.bin", "w") as packed:
        packed.writestr("8.txt", lines(8))
    for day in (8, 9):
        (archive / f"raw/mets/{day}.txt").unlink()
    assert validate(archive) == []
    assert run(archive).decoded == ["mets/recovered.bin"]
    (archive / "raw/mets/lander-format.yaml").write_text(FORMAT.format(zone="+01:00"))
    assert status(load(archive)).changed == ["mets/recovered.bin"]
    run(archive)
    assert str(lander.open(archive).series("methane_concentration")["time"].values[0]) == "2016-09-07T23:00:00.000000"
    assert not run(archive).changed


@pytest.mark.parametrize("outside", [False, True])
def test_a_release_takes_declarations_along(archive, tmp_path, outside):
    if outside:
        (archive / "raw").rename(tmp_path / "cruise")
        (archive / "archive.yaml").write_text(ARCHIVE + "raw: ../cruise\n")
    run(archive)
    folder = release(load(archive), "2026.1")
    raw = tmp_path / "cruise" if outside else archive / "raw"
    name = "mets/lander-format.yaml"
    assert (folder / "raw" / name).read_text() == (raw / name).read_text()
    assert f"raw/{name}" in (folder / "SHA256SUMS").read_text()
