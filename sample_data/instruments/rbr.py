"""RBR duet3 for temperature and pressure: a database (.rsk, schema 2.x) as Ruskin makes it of a download.

The records are collected in a plain file while the deployment lasts, and become a database at its end.
"""

import os
import sqlite3
from contextlib import closing
from itertools import repeat
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..instrument import Columns, Encoded, FileHead, Format, Instrument, Sensor, View
from ..scenario import ScenarioError

SERIAL = 209_999
AIR_DBAR = 10.1325
"""Of the air, which the logger measures along with the water."""

TEMPERATURE_STEPS, PRESSURE_STEPS = 50_000, 500
"""Of the converters, in a degree and a decibar."""

RECORD = np.dtype([("moment", "<i8"), ("temperature", "<f8"), ("pressure", "<f8")])
_ROWS = 65_536
_VERSION_BYTES, _SQLITE_VERSION = slice(96, 100), (3_030_001).to_bytes(4, "big")

_SCHEMA = """
CREATE TABLE dbInfo (version VARCHAR(50), type VARCHAR(50));
CREATE TABLE instruments (instrumentID INTEGER PRIMARY KEY, serialID INTEGER, model TEXT NOT NULL,
                          firmwareVersion TEXT, firmwareType INTEGER, partNumber TEXT);
CREATE TABLE deployments (deploymentID INTEGER PRIMARY KEY, instrumentID INTEGER, comment TEXT, loggerStatus TEXT,
                          loggerTimeDrift long, timeOfDownload long, name TEXT, sampleSize INTEGER,
                          dataStorage INTEGER, loggerInitialStatus INTEGER);
CREATE TABLE epochs (deploymentID INTEGER PRIMARY KEY, startTime long, endTime long);
CREATE TABLE schedules (scheduleID INTEGER PRIMARY KEY, instrumentID INTEGER, mode TEXT, gate VARCHAR(512));
CREATE TABLE continuous (continuousID INTEGER PRIMARY KEY, scheduleID INTEGER, samplingPeriod long);
CREATE TABLE channels (channelID INTEGER PRIMARY KEY, shortName TEXT NOT NULL, longName TEXT NOT NULL, units TEXT,
                       isMeasured BOOLEAN, isDerived BOOLEAN);
CREATE TABLE instrumentChannels (instrumentID INTEGER, channelID INTEGER, channelOrder INTEGER, channelStatus INTEGER,
                                 PRIMARY KEY (instrumentID, channelID, channelOrder));
CREATE TABLE calibrations (calibrationID INTEGER PRIMARY KEY, channelOrder INTEGER, instrumentID INTEGER, type TEXT,
                           tstamp long, equation TEXT);
CREATE TABLE parameters (parameterID INTEGER PRIMARY KEY, tstamp long);
CREATE TABLE parameterKeys (parameterID INTEGER, key TEXT, value TEXT);
CREATE TABLE appSettings (deploymentID INTEGER PRIMARY KEY, ruskinVersion TEXT);
CREATE TABLE events (deploymentID INTEGER NOT NULL, tstamp long NOT NULL, type INTEGER NOT NULL,
                     sampleIndex INTEGER NOT NULL, channelIndex INTEGER, notes TEXT);
CREATE TABLE errors (deploymentID INTEGER NOT NULL, tstamp long NOT NULL, type INTEGER NOT NULL,
                     sampleIndex INTEGER NOT NULL, channelOrder INTEGER NOT NULL);
CREATE TABLE data (tstamp BIGINT PRIMARY KEY ASC, channel01 DOUBLE, channel02 DOUBLE);
"""


def clean(view: View) -> dict[str, NDArray[Any]]:
    """Readings of a sound logger; its pressure includes the air."""
    noise = {name: sensor.noise * view.noise(name) for name, sensor in INSTRUMENT.sensors.items()}
    return {
        "temperature": view.field("temperature") + noise["temperature"],
        "pressure": view.field("pressure") + AIR_DBAR + noise["pressure"],
    }


def to_raw(columns: Columns, view: View) -> dict[str, NDArray[Any]]:
    """Steps of the converters, int64."""
    steps = {"temperature": TEMPERATURE_STEPS, "pressure": PRESSURE_STEPS}
    return {name: np.rint(columns[name] * count).astype(np.int64) for name, count in steps.items()}


def stamp(clock: NDArray[np.int64], view: View) -> NDArray[np.int64]:
    """Whole milliseconds."""
    return clock // 1000 * 1000


def encode(raw: Columns, stamps: NDArray[np.int64], view: View | None = None) -> Encoded:
    """Records of `RECORD`, which `seal` puts into the database."""
    records = np.empty(len(stamps), dtype=RECORD)
    records["moment"] = stamps // 1000
    records["temperature"] = raw["temperature"] / TEMPERATURE_STEPS
    records["pressure"] = raw["pressure"] / PRESSURE_STEPS
    ends = RECORD.itemsize * np.arange(1, len(stamps) + 1, dtype=np.int64)
    return Encoded(records.view(np.uint8).reshape(-1), ends)


def seal(path: Path, head: FileHead) -> None:
    """Turn the records in `path` into a database, some of them at a time; one that was cut off is left out.

    Raises
    ------
    ScenarioError
        Two records have the same time, as after a clock was set back: the table of samples holds each time once.
    """
    collected = path.with_name(f"{path.name}.records")
    os.replace(path, collected)
    try:
        with closing(sqlite3.connect(path, isolation_level=None)) as database:
            _describe(database, path.name, head)
            _insert(database, collected)
            database.execute("COMMIT")
    except sqlite3.IntegrityError:
        raise ScenarioError(
            f"{path.name}: a clock set back gives two records of the same time, and an .rsk holds each time once: "
            "set it back by no multiple of the sampling interval"
        ) from None
    finally:
        collected.unlink()
    with path.open("r+b") as file:
        # The version of the library that wrote last would make the bytes hang on the machine.
        file.seek(_VERSION_BYTES.start)
        file.write(_SQLITE_VERSION)


def _describe(database: sqlite3.Connection, name: str, head: FileHead) -> None:
    for setting in ("page_size = 4096", "journal_mode = OFF", "synchronous = OFF", "encoding = 'UTF-8'"):
        database.execute(f"PRAGMA {setting}")
    database.execute("BEGIN")
    for statement in _SCHEMA.split(";")[:-1]:
        database.execute(statement)
    start, end = (int(moment.astype("datetime64[ms]").astype(np.int64)) for moment in (head.start, head.end))
    download = end + 2 * 3_600_000
    rows: dict[str, list[tuple[Any, ...]]] = {
        "dbInfo": [("2.10.0", "full")],
        "instruments": [(1, SERIAL, "RBRduet³", "1.121", 104, "0005131")],
        "deployments": [(1, 1, "", "stopped", 0, download, name, head.count, 0, None)],
        "epochs": [(1, start, end)],
        "schedules": [(1, 1, "continuous", "none")],
        "continuous": [(1, 1, round(1000 * head.interval))],
        "channels": [(1, "temp32", "Temperature", "°C", 1, 0), (2, "pres24", "Pressure", "dbar", 1, 0)],
        "instrumentChannels": [(1, 1, 1, 0), (1, 2, 2, 0)],
        "calibrations": [(1, 1, 1, "factory", start, "tmp"), (2, 2, 1, "factory", start, "corr_pres2")],
        "parameters": [(1, start)],
        "parameterKeys": [(1, "ATMOSPHERE", f"{AIR_DBAR}"), (1, "SALINITY", "35.0"), (1, "DENSITY", "1.0281")],
        "appSettings": [(1, "2.13.4")],
    }
    for table, values in rows.items():
        database.executemany(f"INSERT INTO {table} VALUES ({', '.join(repeat('?', len(values[0])))})", values)


def _insert(database: sqlite3.Connection, collected: Path) -> None:
    whole = collected.stat().st_size // RECORD.itemsize
    with collected.open("rb") as file:
        for done in range(0, whole, _ROWS):
            block = np.fromfile(file, dtype=RECORD, count=min(_ROWS, whole - done))
            database.executemany("INSERT INTO data VALUES (?, ?, ?)", block.tolist())


def file_name(deployment: str, day: np.datetime64 | None) -> str:
    """One download for a deployment, or one a day."""
    return f"{SERIAL}_{deployment}.rsk" if day is None else f"{SERIAL}_{deployment}-{day}.rsk"


INSTRUMENT = Instrument(
    name="rbr",
    model="RBRduet3 T.D",
    serial=str(SERIAL),
    sensors={
        "temperature": Sensor(1e-4, ("temperature",), ("temperature",)),
        "pressure": Sensor(6e-3, (), ("pressure",)),
    },
    clean=clean,
    drift=-45.0,
    response={"temperature": 1.0},
    format=Format(to_raw, stamp, encode, file_name, cuts_at_midnight=False, seal=seal, copies_apart=True),
    pattern="*.rsk",
    decoded={"pressure": "absolute_pressure"},
    configuration={"pressure_reference": "absolute"},
)
