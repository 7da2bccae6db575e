"""Databases, containers and tables made here, for versions of their formats that no real file at hand has."""

import io
import sqlite3
import struct
import tempfile
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

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


def mat_file(*, packed: bool = True, **fields: Any) -> bytes:
    """Export of Ruskin with four samples of three channels; `fields` replace those of the struct."""
    from scipy.io import savemat

    buffer = io.BytesIO()
    struct = {
        "name": "RBR XR-420 6.20 060130",
        "channelnames": np.array(["Conductivity", "Pressure", "Phycocyanin"], object),
        "channelunits": np.array(["mS/cm", "dbar", "cells/mL"], object),
        "sampletimes": 737_123 + np.arange(4) / 24,
        "data": np.array([[35.0, 11.0, 1.0], [35.1, 12.0, 2.0], [35.2, 13.0, 3.0], [35.3, 14.0, np.nan]]),
    }
    savemat(buffer, {"RBR": struct | fields}, do_compression=packed)
    return buffer.getvalue()


TIMES = [f"2018-03-04 11:59:5{second}.000" for second in range(4)]
EVENTS = np.array([["TIM", TIMES[0], 2.0], ["WRM", TIMES[1], 3.0]], object)


def stored(content: bytes) -> bytes:
    """A MAT file of one compressed variable with its bytes stored as they are, in the form of zlib."""
    packed = zlib.compress(zlib.decompress(content[136:]), 0)
    return content[:128] + struct.pack("<II", 15, len(packed)) + packed


def netcdf_file(kind: str = "NETCDF4", *, levels: int = 0, clock: str = "TIME") -> bytes:
    """Mooring with four samples: conductivity with one missing, packed temperature, flags, a strange column."""
    import netCDF4

    folder = tempfile.TemporaryDirectory()
    path = Path(folder.name) / "made.nc"
    dataset = netCDF4.Dataset(path, "w", format=kind)
    dataset.createDimension("TIME", 4)
    times = dataset.createVariable(clock, "f8", ("TIME",))
    times.units = "days since 1950-01-01T00:00:00Z"
    times[:] = 25183.0 + np.arange(4) / 144
    wide = ("TIME", "DEPTH") if levels else ("TIME",)
    if levels:
        dataset.createDimension("DEPTH", levels)
        dataset.createVariable("DEPTH", "f4", ("DEPTH",))[:] = 10.0 * np.arange(1, levels + 1)
    temperature = dataset.createVariable("TEMP", "i2", wide)
    temperature.set_auto_maskandscale(False)
    temperature.setncatts({"units": "degrees_Celsius", "scale_factor": 0.5, "standard_name": "sea_water_temperature"})
    temperature[:] = np.arange(8, 12)[:, None] + np.zeros(levels, int) if levels else np.arange(8, 12)
    conductivity = dataset.createVariable("CNDC", "f4", ("TIME",), fill_value=np.float32(99999.0))
    conductivity.units = "mS cm-1"
    conductivity[:] = [33.1, 33.2, 99999.0, 33.4]
    flags = dataset.createVariable("TEMP_QC", "i1", ("TIME",))
    flags.flag_meanings = "good bad missing"
    flags[:] = [1, 1, 4, 9]
    strange = dataset.createVariable("XYZZY", "f4", ("TIME",))
    strange.units = "furlong"
    strange[:] = 1.0
    dataset.createVariable("LATITUDE", "f8", ())[...] = 22.115
    dataset.site_code = "F"
    dataset.close()
    with folder:
        return path.read_bytes()


def made_tables() -> Iterator[tuple[str, bytes]]:
    """Name and content of each."""
    yield "made_mooring.nc", netcdf_file()
    yield "made_profiles.nc", netcdf_file("NETCDF3_CLASSIC", levels=3)
    yield "made_ruskin.mat", mat_file()
    yield "made_ruskin_stored.mat", stored(mat_file(sampletimes=np.array(TIMES, object), events=EVENTS))
    yield "made_2_10_0.rsk", rsk_file(parts=2)
