"""The whole: same seed same bytes, bounded memory, an archive that the configuration loader takes."""

import hashlib
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from sample_data import demo_scenario, read_truth, simulate
from sample_data.instrument import discover
from sample_data.scenario import INSTRUMENTS, parse_scenario
from sample_data.timeline import schedule

EVENTFUL = {
    "name": "eventful", "days": 1, "period": 60, "tide_scale": 1.5,
    "instruments": ["ctd", "optode", "adcp", "eco", "signature", "rbr"],
    "faults": [
        {"kind": "spike", "variables": ["temperature", "oxygen"], "count": 4, "sigma": 9},
        {"kind": "stuck", "variable": "oxygen", "at": 0.5, "duration": 3600, "last_bit_noise": True},
        {"kind": "noise", "variable": "pressure", "at": 0.2, "factor": 5, "duration": 3600},
        {"kind": "gap", "instrument": "optode", "at": 0.7, "duration": 1800},
    ],
    "events": [{"kind": "plume", "at": 0.4, "variables": {"methane": 900, "echo": 9}, "rise": 600, "decay": 3600}],
}  # fmt: skip


def _digests(root: Path) -> dict[str, str]:
    files = sorted(path for path in root.rglob("*") if path.is_file())
    return {str(path.relative_to(root)): hashlib.sha256(path.read_bytes()).hexdigest() for path in files}


def test_one_seed_gives_one_archive_byte_for_byte(tmp_path: Path) -> None:
    scenario = parse_scenario(EVENTFUL)
    for folder in ("a", "b"):
        simulate(tmp_path / folder, scenario, 4)
    first = _digests(tmp_path / "a")
    assert len(first) > 40
    assert first == _digests(tmp_path / "b")


def test_another_process_gives_the_same_bytes(tmp_path: Path) -> None:
    code = ("import sys, sample_data as s; from pathlib import Path;"
            "s.simulate(Path(sys.argv[1]), s.demo_scenario(1, 60), 4)")  # fmt: skip
    subprocess.run([sys.executable, "-W", "error", "-c", code, str(tmp_path / "a")], check=True,
                   cwd=Path(__file__).parents[2], env={"PYTHONHASHSEED": "77"})  # fmt: skip
    simulate(tmp_path / "b", demo_scenario(1, 60), 4)
    assert _digests(tmp_path / "a") == _digests(tmp_path / "b")


def test_another_seed_gives_other_bytes(tmp_path: Path) -> None:
    scenario = parse_scenario(EVENTFUL)
    files = [simulate(tmp_path / str(seed), scenario, seed).files for seed in (1, 2)]
    for instrument in files[0]:
        assert files[0][instrument][0].read_bytes() != files[1][instrument][0].read_bytes()


def test_an_archive_is_never_overwritten(tmp_path: Path) -> None:
    simulate(tmp_path, parse_scenario(EVENTFUL))
    with pytest.raises(FileExistsError, match=r"has archive\.yaml, raw, truth, deployments already"):
        simulate(tmp_path, parse_scenario(EVENTFUL))


def test_progress_reaches_its_end(tmp_path: Path) -> None:
    seen: list[tuple[str, int, int]] = []
    simulate(tmp_path, parse_scenario(EVENTFUL), progress=lambda *step: seen.append(step))
    last = {name: (done, total) for name, done, total in seen}
    assert set(INSTRUMENTS) == set(last)
    assert all(done == total > 0 for done, total in last.values())


def test_the_configuration_loads_and_says_that_it_is_simulated(tmp_path: Path) -> None:
    from lander.config import load

    simulated = simulate(tmp_path, parse_scenario({**EVENTFUL, "name": "Weird name, 2"}))
    (stay,) = load(tmp_path).deployments
    assert stay.id == simulated.deployment == "sim-weird-name--2"
    assert stay.position.source == "simulated"
    assert (stay.position.latitude, stay.position.longitude, stay.water_depth) == (22.115, 119.286, 1120.0)
    assert (stay.end - stay.start) == np.timedelta64(1, "D")
    instruments = {one.name: one for one in stay.instruments}
    assert set(instruments) == set(INSTRUMENTS)
    assert stay.primary == {
        "pressure": "ctd", "temperature": "ctd", "eastward_velocity": "adcp", "northward_velocity": "adcp",
        "upward_velocity": "adcp", "echo_intensity": "adcp", "heading": "adcp", "pitch": "adcp", "roll": "adcp",
        "transducer_temperature": "adcp", "sound_speed": "adcp", "ensemble_number": "adcp",
        "error_status_word": "adcp", "percent_good": "adcp", "pressure_sensor_temperature": "ctd",
    }  # fmt: skip
    assert instruments["optode"].settings == {"internal_salinity": 0.0}
    assert instruments["ctd"].pressure_reference == "gauge"
    for one in stay.instruments:
        patterns = [pattern.pattern for pattern in one.raw]
        found = sorted(path for pattern in patterns for path in (tmp_path / "raw").glob(pattern))
        assert found == sorted(simulated.files[one.name])


def test_the_truth_has_a_row_for_each_sample(tmp_path: Path) -> None:
    simulated = simulate(tmp_path, parse_scenario(EVENTFUL))
    truth = read_truth(tmp_path)
    for name, columns in truth.columns.items():
        assert {len(column) for column in columns.values()} == {simulated.records[name]}
        assert (np.diff(columns["time_utc"]) > 0).all()
    assert truth.summary["simulated"] is True
    assert truth.columns["adcp"]["velocity_east_clean"].shape == (145, 40)


@pytest.mark.parametrize("block", [7, 100, 1000])
def test_a_schedule_holds_every_sample_once_and_copies_twice(block: int) -> None:
    chunks = list(schedule(400, block, [(100, 150), (390, 400)], [(60, 90, 3), (140, 170, 4)]))
    samples = [sample for chunk in chunks for sample in range(chunk.first, chunk.last)]
    expected = [*range(90), *range(60, 90), *range(90, 100), *range(150, 170), *range(150, 170), *range(170, 390)]
    assert samples == expected
    assert max(chunk.last - chunk.first for chunk in chunks) <= block
    assert sum(chunk.last - chunk.first for chunk in chunks if chunk.copy_of == 3) == 30
    assert [chunk.first for chunk in chunks if chunk.power_on] == [0, 150]
    assert [chunk.last for chunk in chunks if chunk.power_off] == [100, 390]


def test_any_block_size_gives_the_same_bytes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from dataclasses import replace

    from sample_data import simulate as module_function

    whole = simulate(tmp_path / "a", parse_scenario(EVENTFUL), 2)
    small = {name: replace(one, block=97) for name, one in discover().items()}
    monkeypatch.setattr(sys.modules[module_function.__module__], "discover", lambda: small)
    pieces = simulate(tmp_path / "b", parse_scenario(EVENTFUL), 2)
    for name, paths in whole.files.items():
        assert [path.read_bytes() for path in paths] == [path.read_bytes() for path in pieces.files[name]]


def test_memory_does_not_grow_with_length(tmp_path: Path) -> None:
    if not Path("/proc/self/status").exists():
        pytest.skip("peak memory of a process is read from /proc")
    # Not getrusage: its peak starts at that of the process that forked.
    code = ("import sys, sample_data as s; from pathlib import Path;"
            "s.simulate(Path(sys.argv[1]), s.demo_scenario(float(sys.argv[2]), 10), 4);"
            "print(Path('/proc/self/status').read_text().split('VmHWM:')[1].split()[0])")  # fmt: skip
    peaks = []
    for days in (5, 40):
        done = subprocess.run([sys.executable, "-c", code, str(tmp_path / str(days)), str(days)], check=True,
                              capture_output=True, text=True, cwd=Path(__file__).parents[2])  # fmt: skip
        peaks.append(int(done.stdout) / 1024)
    # 40 days are 1.7 million samples of five to nine columns: more than 100 MB if they were held.
    assert peaks[1] < 150
    assert peaks[1] - peaks[0] < 40
