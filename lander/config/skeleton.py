"""What `lander init` writes: a commented archive in which every `<fill in ...>` waits for its value."""

from pathlib import Path

from lander.config.identifiers import LICENCES
from lander.errors import ConfigError

ARCHIVE = f"""\
# The archive as a whole. Lines that start with # are comments.
# Put a value in place of every <fill in ...>; `lander validate .` lists what is still open, with file and line.

title: <fill in one line that says what was measured and where>

institution:
  name: <fill in the name of your institution>
  # Its codes, wanted by data centres. Take the # away and put in your own.
  # edmo: 1234                             # https://edmo.seadatanet.org
  # ror: https://ror.org/03yrm5c26         # https://ror.org

people:                                    # at least one; exports name them
  - name: <fill in a name, such as Ada Lovelace>
    role: <fill in what the person does, such as principal_investigator or data_manager>
    # email: ada@institute.org
    # orcid: 0000-0002-1825-0097

# SPDX id of the licence of the data. One of:
#   {", ".join(LICENCES[:7])},
#   {", ".join(LICENCES[7:14])},
#   {", ".join(LICENCES[14:])}
licence: <fill in an SPDX id, such as CC-BY-4.0>

# project: the cruise or project that paid

sites:                                     # places to which landers return
  - code: <fill in a short name for folders, a-z 0-9 _ and -, such as site_f>
    name: <fill in the full name of the site>

# Where the raw files are: a folder in this one, or any path. They are only ever read.
raw: raw

# Gaps up to `cap` are filled, in a table of their own that never counts as observation.
# Without these lines: temperature, practical_salinity and pressure 6 h, oxygen_concentration and velocity 3 h,
# nothing else.
# fill:
#   temperature: {{method: linear, cap: 6 h}}
#   oxygen_concentration: {{cap: never}}

# Quality control for all sites: variable, then check, then its parameters, or `off`. The same section may stand
# under one site and under one instrument; the nearest to the instrument wins.
# qc:
#   temperature:
#     spike: off
"""

DEPLOYMENT = """\
# One stay of a lander on the seafloor. Copy this file to <id>.yaml in this folder, and fill it in.
#
# Times are UTC, such as 2016-09-08T04:30:00Z; another offset (+08:00) is converted.
# Lengths are metres and durations seconds, unless units stand behind them: 80 cm, 10 min, 6 h.

id: <fill in the name of this file without .yaml, a-z 0-9 _ and ->
site: <fill in a site's code from archive.yaml>
platform: <fill in the name of the lander>

start: <fill in when the lander left the deck, such as 2016-09-08T04:30:00Z>
end: <fill in when it was back on deck, or is to be, such as 2017-09-18T02:00:00Z>
# Only for stays that no pressure record shows:
# touchdown: 2016-09-08T05:45:00Z
# liftoff: 2017-09-18T00:50:00Z

position:
  latitude: <fill in decimal degrees north, such as 22.115>
  longitude: <fill in decimal degrees east, such as 119.286>
  # uncertainty_m: 15
  # source: USBL at touchdown
# water_depth: 1120 m

# When people or gear disturbed the measurement; without `instruments`, all of them.
# disturbances:
#   - start: 2016-09-09T01:00:00Z
#     end: 2016-09-09T03:30:00Z
#     instruments: [ctd]
#     reason: ROV visit

# Independent values: CTD or ROV casts, Winkler, deck checks. `uncertainty` is one standard deviation.
# references:
#   - time: 2016-09-08T06:10:00Z
#     variable: temperature
#     value: 3.412
#     units: degree_Celsius
#     uncertainty: 0.002
#     source: CTD cast 7

# Where several instruments measure one variable, the one that products use.
# primary:
#   temperature: ctd

instruments:
  ctd:                                     # your name for it; becomes a folder
    model: <fill in maker and model, such as SBE 37-SM>
    serial: <fill in the serial number>
    # Files below the raw folder. * stands for anything, ** for any folders.
    raw:
      - <fill in a pattern of raw files, such as ctd/*.hex>
    # With the way they came, where both kinds exist:
    #   - {pattern: ctd/*.hex, delivery: recovered}
    #   - {pattern: ctd/live/*.hex, delivery: telemetered}
    # height_above_seafloor: 80 cm
    # sampling_interval: 10 min
    # pressure_reference: gauge            # gauge: zero in air; absolute: air included
    # Where the file's header has no coefficients, or older ones:
    # calibration:
    #   source: configuration              # or: header, xmlcon, device_sheet. Where they differ, this one counts
    #   file: ctd_coefficients.yaml        # sensor, then coefficient: value; or `coefficients:` right here
    #   # A Sea-Bird .xmlcon as the file (source: xmlcon) also tells what sits on external voltages; the sheet that
    #   # came with an ECO (source: device_sheet) is a .dev.
    # Its clock against UTC at one moment: one check moves it, two or more also undo its drift. Oldest first.
    # clock_checks:
    #   - {instrument: 2016-09-08T02:00:05Z, utc: 2016-09-08T02:00:00Z, source: GPS}
    #   - {instrument: 2017-09-18T06:01:10Z, utc: 2017-09-18T06:00:00Z, source: GPS}
    # response_times: {temperature: 5 s}
    # codes: {L22: TOOL1234}               # of vocabularies, by the vocabulary's name
    # qc:
    #   temperature:
    #     spike: off
  # optode:
  #   model: Aanderaa 4831
  #   serial: "0123"
  #   raw: [optode/*.log]
  #   settings: {internal_salinity: 0}     # salinity that the optode itself assumed
  # currents:
  #   model: Nortek Aquadopp
  #   serial: AQD 1234
  #   raw: [currents/*.aqd]
  #   height_above_seafloor: 1.2 m
  #   doppler:                             # each only where the files do not tell, or are wrong
  #     heading_reference: magnetic        # or true: headings and velocities are over true north already
  #     orientation: up                    # or down
  #     sound_speed: in_situ               # correct by the CTD's speed of sound; or recorded: never
"""

README = """\
# An archive of lander data

| | |
|---|---|
| `archive.yaml` | the archive: title, people, licence, sites |
| `deployments/` | one file for each stay on the seafloor; copy `example.yaml.template` to `<id>.yaml` |
| `raw/` | files as the instruments wrote them; never changed |

1. Fill in `archive.yaml`, copy the template, fill in the copy.
2. Put the raw files below `raw/`.
3. `lander validate .` lists what is missing or wrong, with file and line, until nothing is left.
4. `lander run .`
"""

FILES = {
    "archive.yaml": ARCHIVE,
    "deployments/example.yaml.template": DEPLOYMENT,
    "README.md": README,
}


def init(folder: Path) -> list[Path]:
    """Write the skeleton of an archive; files that exist stay as they are.

    Parameters
    ----------
    folder
        Made if need be; may hold raw files already.

    Returns
    -------
    list
        What was written.

    Raises
    ------
    ConfigError
        The folder is an archive already, or a file stands where a folder must be.
    """
    folder = Path(folder)
    if (folder / "archive.yaml").exists():
        raise ConfigError(f"{folder} is an archive already: it has archive.yaml; `lander validate {folder}` checks it")
    try:
        for below in ("deployments", "raw"):
            (folder / below).mkdir(parents=True, exist_ok=True)
        return [path for name, text in FILES.items() if (path := _write_new(folder / name, text)) is not None]
    except OSError as error:
        raise ConfigError(f"cannot write an archive into {folder}: {error.strerror}: {error.filename}") from error


def _write_new(path: Path, text: str) -> Path | None:
    """Write a file unless there is one."""
    try:
        with path.open("x", encoding="utf-8", newline="\n") as handle:
            handle.write(text)
    except FileExistsError:
        return None  # somebody's own README, say: theirs counts
    return path
