"""The layout of files: whole or not at all, the same bytes for the same content, open to everybody's tools."""

import os
import subprocess
import sys
from pathlib import Path

import netCDF4
import numpy as np
import pytest
import xarray as xr
from xarray.backends.netCDF4_ import NETCDF4_PYTHON_LOCK

from lander import digests, files, open_files, packing, store
from lander.errors import StoreError
from lander.store import Column, Recipe, Table

RECIPE = Recipe("L1", 1, "L11.1-abc-def")
START = int(np.datetime64("2016-09-01", "us").astype(np.int64))


def table(n: int = 2000, seed: int = 0, step_us: int = 60_000_000) -> Table:
    chance = np.random.default_rng(seed)
    time = START + np.arange(n, dtype=np.int64) * step_us
    values = np.where(chance.random(n) < 0.1, np.nan, chance.normal(3.4, 0.1, n))
    packed, encoding = packing.pack("temperature", values)
    return Table(
        {
            "time": store.time_column(time),
            "temperature": Column(packed, ("time",), {"units": "degree_Celsius", **encoding}),
            "temperature_qc": Column(chance.integers(0, 5, n).astype(np.int8), ("time",)),
            "profile": Column(chance.normal(0, 1, (n, 3)).astype(np.float32), ("time", "cell"),
                              {"_FillValue": np.float32(np.nan)}),
            "cell_distance": Column(np.array([1.0, 2.0, 3.0]), ("cell",)),
            "source_file_name": Column(np.array(["a.hex", "ü.hex"], dtype=object), ("source",)),
        },
        {"title": "a test"},
    )  # fmt: skip


def temporaries(root: Path) -> list[Path]:
    return [path for path in root.rglob("*") if path.name.endswith(".tmp")]


def test_a_table_comes_back_as_it_was_written(tmp_path):
    written = table()
    entry = store.write(tmp_path, "a/b/2016-09.nc", written, RECIPE)
    found = store.read(tmp_path / "a/b/2016-09.nc")
    assert list(found.columns) == list(written.columns)
    for name, column in written.columns.items():
        np.testing.assert_array_equal(found[name].data, column.data)
        assert found[name].dims == column.dims
        assert found[name].data.dtype == column.data.dtype or column.data.dtype.kind == "O"
    assert found.attributes["title"] == "a test"
    assert (entry.n, entry.first, entry.last) == (2000, START, START + 1999 * 60_000_000)
    assert store.read_entry(tmp_path, "a/b/2016-09.nc") == entry
    rows = store.read(tmp_path / "a/b/2016-09.nc", ["temperature", "no_such"], slice(10, 20))
    assert list(rows.columns) == ["temperature"]
    np.testing.assert_array_equal(rows["temperature"].data, written["temperature"].data[10:20])


def test_the_same_content_gives_the_same_bytes(tmp_path):
    for name in ("one", "two"):
        store.write(tmp_path, f"{name}.nc", table(), RECIPE)
    assert (tmp_path / "one.nc").read_bytes() == (tmp_path / "two.nc").read_bytes()
    code = (
        "import sys; from pathlib import Path; from lander import store; from tests.lander.test_store import table, "
        "RECIPE; store.write(Path(sys.argv[1]), 'three.nc', table(), RECIPE)"
    )
    other = {"PYTHONPATH": str(Path(__file__).parents[2]), "PYTHONHASHSEED": "7", "TZ": "Asia/Taipei"}
    environment = {**os.environ, **other}
    subprocess.run([sys.executable, "-c", code, str(tmp_path)], check=True, env=environment)
    assert (tmp_path / "three.nc").read_bytes() == (tmp_path / "one.nc").read_bytes()


def test_digests_tell_variables_and_edges_apart():
    month = table(n=30 * 24, step_us=3_600_000_000)
    before = store.content_digests(month)
    heads, tails = ("head1", "head4", "head13"), ("tail1", "tail4", "tail13")
    rows = {0: heads, 23: heads, 24: heads[1:], 4 * 24: heads[2:], 13 * 24: (), 17 * 24: tails[2:], 29 * 24: tails}
    for row, edges in rows.items():
        data = month["temperature"].data.copy()
        data[row] += 1
        columns = {**month.columns, "temperature": Column(data, ("time",), month["temperature"].attributes)}
        after = store.content_digests(Table(columns, month.attributes))
        assert {name for name in before if before[name] != after[name]} == {"temperature"}
        parts = [{edge: digests.part(one["temperature"], edge) for edge in heads + tails} for one in (before, after)]
        assert {edge for edge in parts[0] if parts[0][edge] != parts[1][edge]} == set(edges)
    other = {**month["temperature"].attributes, "scale_factor": 1e-4}
    columns = {**month.columns, "temperature": Column(month["temperature"].data, ("time",), other)}
    assert store.content_digests(Table(columns))["temperature"] != before["temperature"]


@pytest.mark.parametrize("error", [OSError(28, "No space left on device"), RuntimeError("NetCDF: HDF error")])
@pytest.mark.parametrize("where", ["open", "column", "rename", "flush"])
def test_a_write_that_fails_leaves_the_old_file_and_nothing_else(tmp_path, monkeypatch, where, error):
    store.write(tmp_path, "a/2016-09.nc", table(), RECIPE)
    before = (tmp_path / "a/2016-09.nc").read_bytes()

    def fail(*words, **more):
        raise error

    place = {"open": (netCDF4, "Dataset"), "column": (store, "_write_column"), "rename": (os, "replace"),
             "flush": (files, "_flush_to_disk")}[where]  # fmt: skip
    monkeypatch.setattr(*place, fail)
    with pytest.raises(StoreError, match=r"2016-09\.nc: cannot be written"):
        store.write(tmp_path, "a/2016-09.nc", table(seed=1), RECIPE)
    with pytest.raises(StoreError):
        store.write(tmp_path, "a/2016-10.nc", table(seed=1), RECIPE)
    monkeypatch.undo()
    assert (tmp_path / "a/2016-09.nc").read_bytes() == before
    assert not (tmp_path / "a/2016-10.nc").exists()
    assert not temporaries(tmp_path)


def test_an_interruption_leaves_the_old_file(tmp_path, monkeypatch):
    store.write(tmp_path, "2016-09.nc", table(), RECIPE)
    before = (tmp_path / "2016-09.nc").read_bytes()

    def stop(*words):
        raise KeyboardInterrupt

    monkeypatch.setattr(store, "_write_column", stop)
    with pytest.raises(KeyboardInterrupt):
        store.write(tmp_path, "2016-09.nc", table(seed=1), RECIPE)
    assert (tmp_path / "2016-09.nc").read_bytes() == before
    assert not temporaries(tmp_path)


def test_files_that_are_missing_or_damaged_say_so(tmp_path):
    with pytest.raises(StoreError, match="missing from the store"):
        store.read(tmp_path / "2016-09.nc")
    store.write(tmp_path, "2016-09.nc", table(), RECIPE)
    content = (tmp_path / "2016-09.nc").read_bytes()
    for damaged in (b"", b"something else", content[: len(content) // 2], content[:100]):
        (tmp_path / "bad.nc").write_bytes(damaged)
        with pytest.raises(StoreError, match=r"bad\.nc"):
            store.read(tmp_path / "bad.nc")
        with pytest.raises(StoreError):
            store.read_entry(tmp_path, "bad.nc")
    xr.Dataset({"a": ("x", [1])}).to_netcdf(tmp_path / "other.nc")
    with pytest.raises(StoreError, match="not a file of this store"):
        store.read_entry(tmp_path, "other.nc")


def test_columns_that_do_not_fit_each_other_are_refused(tmp_path):
    columns = {"time": store.time_column(np.arange(3)), "a": Column(np.zeros(4), ("time",))}
    with pytest.raises(StoreError, match="'a' has 4 along 'time'"):
        store.write(tmp_path, "2016-09.nc", Table(columns), RECIPE)
    assert not list(tmp_path.rglob("*.nc"))


@pytest.mark.parametrize("shape", [(1,), (10,), (86_400,), (2_678_400,), (5000, 30), (4320, 84, 4), (3, 700_000)])
def test_chunks_are_a_day_within_bounds(shape):
    for rows_per_day in (1, 24, 1440, 86_400, 864_000):
        chunk = store.chunk_shape(shape, rows_per_day)
        assert all(1 <= one <= whole for one, whole in zip(chunk, shape, strict=True))
        elements, width = np.prod(chunk), np.prod(shape[1:])
        assert elements <= 262_144 or chunk[0] == 1
        assert elements >= min(16_384, np.prod(shape)) or elements + width > 262_144
        if 16_384 <= rows_per_day * width <= 262_144 and rows_per_day <= shape[0]:
            assert chunk[0] == rows_per_day


def test_months():
    first = START - 1
    assert [store.month_of(moment) for moment in (first, START, 0, -1)] == ["2016-08", "2016-09", "1970-01", "1969-12"]
    low, high = store.month_bounds("2016-02")
    assert high - low == 29 * store.DAY_US


def every_file(archive: Path) -> list[Path]:
    chosen = sorted((archive / "store").rglob("*.nc"))
    assert len(chosen) > 50
    return [path for path in chosen if "/L3/" not in path.as_posix() or path.parent.name in ("temperature", "heading")]


def test_bare_h5py_reads_every_variable(with_profiler):
    # In a process without plug-ins, so that no filter but those of the HDF5 library can be found.
    code = """
import sys, h5py, numpy
for name in sys.argv[1:]:
    with h5py.File(name) as file:
        for variable in file.values():
            if isinstance(variable, h5py.Dataset):
                assert variable.compression in (None, "gzip"), variable
                assert variable.compression_opts in (None, 1), variable
                assert not variable.shuffle or variable.dtype.kind in "iu", variable
                numpy.asarray(variable[()])
print("read", len(sys.argv) - 1)
"""
    paths = every_file(with_profiler)
    environment = {key: value for key, value in os.environ.items() if key != "HDF5_PLUGIN_PATH"}
    words = [sys.executable, "-c", code, *map(str, paths)]
    done = subprocess.run(words, env=environment, capture_output=True, text=True)
    assert done.stdout == f"read {len(paths)}\n", done.stderr


def test_xarray_decodes_what_we_decode(with_profiler):
    for path in every_file(with_profiler):
        ours = store.read(path)
        with xr.open_dataset(path) as theirs:
            for name, column in ours.columns.items():
                if column.data.dtype.kind in "OU":
                    continue
                values, decoded = column.values(), theirs[name].values
                if decoded.dtype.kind == "M":
                    decoded = decoded.astype("datetime64[us]").astype(np.int64)
                    np.testing.assert_array_equal(decoded, values, err_msg=f"{path} {name}")
                else:
                    np.testing.assert_allclose(decoded, values, rtol=1e-12, err_msg=f"{path} {name}")


def test_a_file_that_is_kept_open_is_not_opened_a_second_time(tmp_path, monkeypatch):
    path = tmp_path / "kept.nc"
    with netCDF4.Dataset(path, "w") as file:
        file.createDimension("time", 3)
        file.createVariable("time", "i8", ("time",))[:] = [1, 2, 3]
    opened, dataset = [], netCDF4.Dataset
    monkeypatch.setattr(open_files.netCDF4, "Dataset", lambda one: opened.append(one) or dataset(one))
    with NETCDF4_PYTHON_LOCK:
        kept = open_files.kept_open(path)
        renamed = path.rename(tmp_path / "renamed.nc")
        assert open_files.kept_open(renamed) is kept
    assert store.read(renamed)["time"].data.tolist() == [1, 2, 3]
    assert opened == [path]
    other = tmp_path / "other.nc"
    other.write_bytes(renamed.read_bytes())
    assert store.read(other)["time"].data.tolist() == [1, 2, 3]
    assert kept.isopen()
    assert opened == [path, other]


def test_a_file_replaced_while_it_is_opened_is_not_taken_for_the_one_before(tmp_path, monkeypatch):
    """The old bytes keep their identity under a second name; what is kept open under it must be those bytes."""
    path, old = tmp_path / "now.nc", tmp_path / "old.nc"
    for target, value in ((path, 1), (tmp_path / "new.nc", 2)):
        with netCDF4.Dataset(target, "w") as file:
            file.createDimension("time", 1)
            file.createVariable("time", "i8", ("time",))[:] = value
    os.link(path, old)
    dataset, late = netCDF4.Dataset, [tmp_path / "new.nc"]

    def overtaken(one):
        if late:
            os.replace(late.pop(), one)
        return dataset(one)

    monkeypatch.setattr(open_files.netCDF4, "Dataset", overtaken)
    with NETCDF4_PYTHON_LOCK:
        assert open_files.kept_open(path)["time"][:].tolist() == [2]
        assert open_files.kept_open(old)["time"][:].tolist() == [1]
        assert open_files.kept_open(path)["time"][:].tolist() == [2]
