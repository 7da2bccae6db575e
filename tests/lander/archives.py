"""Archives for tests, written as text so that every planted mistake has a line of its own."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import pytest

import qc.check
import qc.filler

ARCHIVE = """\
title: LOOP lander at Site F
institution:
  name: Institute of Oceanology
  edmo: 1234
  ror: https://ror.org/03yrm5c26
people:
  - name: Ada Lovelace
    role: principal_investigator
    email: ada@institute.org
    orcid: 0000-0002-1825-0097
licence: CC-BY-4.0
project: Cold seep
sites:
  - code: site_f
    name: Site F, Formosa Ridge
    qc:
      temperature:
        spike: {threshold: 0.5, window_seconds: 10 min}
raw: raw
fill:
  temperature: {method: linear, cap: 4 h}
  oxygen_concentration:
    cap: never
qc:
  temperature:
    spike: {threshold: 1.5}
    flat_line: {length: 5}
"""

F1 = """\
id: f1
site: site_f
platform: LOOP
start: 2016-09-08T04:00:00Z
end: 2017-09-18T02:00:00Z
position:
  latitude: 22.115
  longitude: 119.286
  uncertainty_m: 15
  source: USBL
water_depth: 1120
touchdown: 2016-09-08T05:30:00Z
liftoff: 2017-09-18T00:30:00Z
disturbances:
  - start: 2016-10-01T00:00:00Z
    end: 2016-10-01T06:00:00Z
    instruments: [ctd]
    reason: ROV visit
references:
  - time: 2016-09-08T06:10:00Z
    variable: temperature
    value: 3.412
    units: degC
    uncertainty: 0.002
    source: CTD cast 7
primary:
  temperature: ctd
instruments:
  ctd:
    model: SBE 37-SM
    serial: 3716125
    raw:
      - ctd/*.hex
    height_above_seafloor: 0.8
    sampling_interval: 600
    pressure_reference: gauge
    calibration:
      source: configuration
      file: ctd.yaml
    clock_checks:
      - {instrument: 2016-09-08T02:00:05Z, utc: 2016-09-08T02:00:00Z, source: GPS}
      - {instrument: 2017-09-18T06:01:10Z, utc: 2017-09-18T06:00:00Z, source: GPS}
    response_times:
      temperature: 5
    codes:
      L22: TOOL0001
    qc:
      temperature:
        flat_line: off
  optode:
    model: Aanderaa 4831
    serial: "0123"
    raw:
      - pattern: optode/*.log
        delivery: telemetered
    settings:
      internal_salinity: 0
"""

F2 = """\
id: f2
site: site_f
platform: second
start: 2017-10-01T04:00:00Z
end: 2018-09-18T02:00:00Z
position: {latitude: 22.116, longitude: 119.287}
instruments:
  ctd:
    model: SBE 37-SM
    serial: 3716125
    raw: [second/*.hex]
"""

COEFFICIENTS = """\
temperature:
  A0: -1.9e-4
  A1: 3.0e-4
pressure:
  serial: "2954"
"""

FILES: Mapping[str, str] = {
    "archive.yaml": ARCHIVE,
    "deployments/f1.yaml": F1,
    "deployments/f2.yaml": F2,
    "ctd.yaml": COEFFICIENTS,
    "raw/ctd/a.hex": "a",
    "raw/optode/a.log": "a",
    "raw/second/a.hex": "a",
}


@dataclass(frozen=True)
class SpikeParams:
    """Parameters of a check that only these tests know."""

    threshold: float
    window_seconds: float = 60.0
    method: str | None = None

    def __post_init__(self) -> None:
        if self.threshold < 0:
            raise ValueError(f"threshold is {self.threshold}")


@dataclass(frozen=True)
class FlatLineParams:
    """Parameters of another."""

    length: int = 3
    strict: bool = False


def write(folder: Path, files: Mapping[str, str | bytes]) -> Path:
    """Write files by their path below the folder."""
    for name, content in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return folder


def _no_kernel(block, params):
    raise AssertionError("reading a configuration runs no check")


@pytest.fixture
def known_plugins(monkeypatch):
    """Checks and fillers of these tests' own, so that the real ones may change."""
    checks = {
        "spike": qc.check.Check("spike", 0, SpikeParams, _no_kernel),
        "flat_line": qc.check.Check("flat_line", 1, FlatLineParams, _no_kernel),
    }
    linear = qc.filler.Filler("linear", 1, learn=_no_kernel, merge=_no_kernel, predict=_no_kernel)
    monkeypatch.setattr(qc.check, "discover", lambda: checks)
    monkeypatch.setattr(qc.filler, "discover", lambda: {"linear": linear})
