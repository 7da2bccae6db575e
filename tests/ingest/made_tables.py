"""Databases, containers and tables made here, for versions of their formats that no real file at hand has."""

import sqlite3
import tempfile
from collections.abc import Iterator
from pathlib import Path

import numpy as np

RSK_START_MS = 1_640_995_200_123


def rsk_file(count: int = 200, *, temperature: str = "°C", parts: int = 1, drop: str = "") -> bytes:
    """RSK 2.x: hidden channel between the others, air pressure as a key, column order unlike that of the identities."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "made.rsk"
        database = sqlite3.connect(path)
        database.executescript(f"""
            CREATE TABLE dbInfo (version VARCHAR(50), type VARCHAR(50));
            INSERT INTO dbInfo VALUES ('1.13.0', 'full'), ('2.10.0', 'full');
            CREATE TABLE instruments (instrumentID INTEGER PRIMARY KEY, serialID INTEGER, model TEXT);
            INSERT INTO instruments VALUES (1, 207001, 'RBRsolo³');
            CREATE TABLE deployments (deploymentID INTEGER PRIMARY KEY, loggerTimeDrift long, timeOfDownload long,
                                      sampleSize INTEGER);
            INSERT INTO deployments VALUES (1, -1500, 1641081600000, {count});
            CREATE TABLE channels (channelID INTEGER PRIMARY KEY, shortName TEXT, longName TEXT, units TEXT);
            INSERT INTO channels VALUES (1, 'pres24', 'Pressure', 'dbar'),
                (2, 'temp33', 'Temperature', '{temperature}'),
                (3, 'temp14', 'Temperature', '{temperature}'), (4, 'phyc00', 'Phycoerythrin', 'cells/mL'),
                (5, 'pres08', 'Sea pressure', 'dbar');
            CREATE TABLE instrumentChannels (instrumentID INTEGER, channelID INTEGER, channelOrder INTEGER,
                                             channelStatus INTEGER);
            INSERT INTO instrumentChannels VALUES (1, 1, 1, 0), (1, 2, 2, 1), (1, 3, 3, 0), (1, 4, 4, 0), (1, 5, 5, 4);
            CREATE TABLE parameters (parameterID INTEGER, tstamp long);
            CREATE TABLE parameterKeys (parameterID INTEGER, key TEXT, value TEXT);
            INSERT INTO parameterKeys VALUES (1, 'ATMOSPHERE', '10.1325'), (1, 'SALINITY', '35');
            CREATE TABLE events (deploymentID INTEGER, tstamp long, type INTEGER, sampleIndex INTEGER);
            INSERT INTO events VALUES (1, {RSK_START_MS}, 24, 1);
            CREATE TABLE data (tstamp BIGINT PRIMARY KEY ASC, channel01 DOUBLE, channel02 DOUBLE, channel03 DOUBLE,
                               channel04 DOUBLE);
            {drop}
        """)
        index = np.arange(count)
        rows = list(
            zip((RSK_START_MS + 500 * index).tolist(), (1100 + index / 100).tolist(), (4.0 + index / 1000).tolist(),
                (3.5 - index / 1000).tolist(), [None if i % 5 == 0 else float(i) for i in index.tolist()], strict=True)
        )  # fmt: skip
        half = count // parts
        # A download in two parts can bring the second one first.
        for part in (rows,) if parts == 1 else (rows[half:], rows[:half]):
            if not drop:
                database.executemany("INSERT INTO data VALUES (?, ?, ?, ?, ?)", part)
        database.commit()
        database.close()
        return path.read_bytes()


def made_tables() -> Iterator[tuple[str, bytes]]:
    """Name and content of each."""
    yield "made_2_10_0.rsk", rsk_file(parts=2)
