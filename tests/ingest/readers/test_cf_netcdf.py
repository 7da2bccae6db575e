"""Published NetCDF as input: names, units, flags, clocks; real files of IMOS and OceanSITES in full."""

import struct

import netCDF4
import numpy as np
import pytest

import ingest
from ingest.containers.hdf5_heaps import check_heaps
from ingest.containers.netcdf_classic import bytes_needed
from ingest.containers.netcdf_names import physical, to_times, vocabulary_name
from ingest.errors import DecodeError
from ingest.textual.columns import Foreign, arrange, of_columns
from tests.ingest.made.tables import netcdf_file


def test_names_units_and_flags(decode_bytes):
    samples = decode_bytes(netcdf_file(), "made.nc").streams["samples"]
    # The third is the file's fill value.
    assert np.allclose(samples["conductivity"].values, [3.31, 3.32, np.nan, 3.34], equal_nan=True)
    assert np.allclose(samples["temperature"].values, [4.0, 4.5, 5.0, 5.5])
    assert samples["temperature_source_qc"].dtype == np.int8
    assert samples["temperature_source_qc"].values.tolist() == [1, 1, 4, 9]
    assert samples["temperature_source_qc"].attrs["flag_meanings"] == "good bad missing"
    assert samples.attrs["unmapped_columns"] == "XYZZY [furlong]"
    assert samples.attrs["file_variable_latitude"] == 22.115
    assert samples.attrs["file_site_code"] == "F"
    assert (np.diff(samples["time"].values) == np.timedelta64(10, "m")).all()


def test_profiles_keep_their_levels(decode_bytes):
    samples = decode_bytes(netcdf_file(levels=3), "made.nc").streams["samples"]
    assert samples["temperature"].dims == ("time", "depth_level")
    assert samples["depth_level"].values.tolist() == [10.0, 20.0, 30.0]


@pytest.mark.parametrize("kind", ["NETCDF3_CLASSIC", "NETCDF3_64BIT_OFFSET", "NETCDF4"])
def test_every_version(kind, decode_bytes):
    assert decode_bytes(netcdf_file(kind), "made.nc").streams["samples"].sizes["time"] == 4


def test_a_file_without_time_is_refused(decode_bytes):
    with pytest.raises(DecodeError, match="0 time coordinates"):
        decode_bytes(netcdf_file(clock="CLOCK"), "made.nc")


@pytest.mark.parametrize(
    ("units", "values", "wanted"),
    [
        ("days since 1950-01-01T00:00:00Z", np.array([25183.33377314813]), "2018-12-13T08:00:38"),
        ("days since 1950-01-01 00:00:00 UTC", np.array([0.5]), "1950-01-01T12:00:00"),
        ("minutes since 2011-04-28 20:00:00", np.array([30]), "2011-04-28T20:30:00"),
        ("hours since 2000-1-1", np.array([1.5]), "2000-01-01T01:30:00"),
        ("seconds since 1970-01-01T08:00:00+08:00", np.array([5]), "1970-01-01T00:00:05"),
        ("milliseconds since 1970-01-01", np.array([1]), "1970-01-01T00:00:00.001"),
    ],
)
def test_times(units, values, wanted):
    assert to_times(values, units, "gregorian").tolist() == [np.datetime64(wanted, "us").item()]


def test_times_that_are_none():
    assert np.isnat(to_times(np.array([np.nan, 1e30, 9.97e36]), "days since 1950-01-01", "standard")).all()
    for units, calendar in (("days", "standard"), ("days since 1950-01-01", "360_day"), ("years since 1950-01-01", "")):
        with pytest.raises(DecodeError):
            to_times(np.zeros(1), units, calendar)


def test_a_good_file_in_the_place_of_a_damaged_one_is_read(tmp_path):
    good, file = netcdf_file(), tmp_path / "mooring.nc"
    root = good.index(b"OHDR") + 16  # within what the checksum of the root group is of
    file.write_bytes(good[:root] + b"torn" + good[root + 4 :])
    with pytest.raises(DecodeError, match="damaged"):
        ingest.decode(file)
    file.write_bytes(netcdf_file(levels=3))  # into the same inode, as a second download
    assert ingest.decode(file).streams["samples"].sizes["depth_level"] == 3


def test_numbers_that_are_none_make_no_warning():
    signalling = np.array([0x7FA00000, 0x3F800000], np.uint32).view(np.float32)
    assert np.array_equal(physical(signalling, {"missing_value": np.float32(7)}), [np.nan, 1.0], equal_nan=True)
    assert np.isnan(physical(np.array([1e30]), {"scale_factor": 1e10})).all(), "as large as fill values"


def test_packed_numbers():
    packed = np.array([0, 10, -32768], np.int16)
    values = physical(packed, {"scale_factor": 0.1, "add_offset": 5.0, "_FillValue": np.int16(-32768)})
    assert np.allclose(values, [5.0, 6.0, np.nan], equal_nan=True)


def test_statistics_are_no_measurements():
    assert vocabulary_name("TEMP_max", "sea_water_temperature") is None
    assert vocabulary_name("TEMP", "") == "temperature"
    assert vocabulary_name("anything", "sea_water_pressure") == "absolute_pressure"


def test_real_files(corpus):
    (moored,) = (corpus / "oceansites_nc").glob("OS_wb2*.nc")
    samples = ingest.decode(moored).streams["samples"]
    assert np.allclose(samples["conductivity"].values[:2], [3.31333, 3.31438])
    assert set(samples.data_vars) >= {"temperature", "absolute_pressure", "latitude", "longitude"}
    (product,) = (corpus / "imos_timeseries_nc").glob("*WQM*.nc")
    samples = ingest.decode(product).streams["samples"]
    # DOX1 has the standard name; DOX says the same in ml/l.
    assert np.allclose(samples["oxygen_concentration"], samples["oxygen_concentration_2"], rtol=1e-4)
    assert set(np.unique(samples["practical_salinity_source_qc"])) == {1, 3, 4}
    assert samples["pressure"].values[0] == pytest.approx(57.62)


def test_values_are_unpacked_alike_in_every_block():
    stored = np.arange(50_000, dtype=np.int32)
    values = physical(stored, {"_FillValue": np.int32(40_000), "scale_factor": 0.5, "add_offset": -3.0})
    assert np.flatnonzero(np.isnan(values)).tolist() == [40_000]
    assert np.array_equal(np.delete(values, 40_000), np.delete(stored * 0.5 - 3.0, 40_000))


def test_columns_without_a_name_are_kept_in_every_block():
    values = [np.arange(50_000.0), np.full(50_000, 1e300), -np.arange(50_000.0)]
    columns = arrange([Foreign("A", "1", None), Foreign("B", "1", None), Foreign("TEMP", "degree_C", "temperature")])
    found = of_columns(columns, values)
    _, kept = found["unmapped_columns"]
    assert np.array_equal(kept[:, 0], values[0].astype(np.float32))
    assert (kept[:, 1] == np.finfo(np.float32).max).all()
    assert found["temperature"] is values[2]


def _with_heap(path):
    """A NetCDF-4 file with a global heap: references to dimension scales are kept in one."""
    with netCDF4.Dataset(path, "w") as file:
        file.createDimension("TIME", 4)
        time = file.createVariable("TIME", "f8", ("TIME",))
        time.setncatts({"standard_name": "time", "units": "days since 1950-01-01T00:00:00Z", "axis": "T"})
        time[:] = [24000.0, 24000.5, 24001.0, 24001.5]
        file.createVariable("TEMP", "f4", ("TIME",))[:] = [3.5, 3.25, 3.0, 3.75]
        file.createVariable("NOTE", str, ("TIME",))[:] = np.array(["a", "b", "c", "d"], dtype=object)
    return path.read_bytes()


@pytest.mark.parametrize(("size", "free"), [(2**64 - 16, False), (0, True), (2**63, False), (100_000, True)])
def test_a_heap_that_the_library_walks_for_ever_is_refused(tmp_path, decode_bytes, size, free):
    content = bytearray(_with_heap(tmp_path / "whole.nc"))
    assert decode_bytes(bytes(content), "whole.nc").streams["samples"].sizes["time"] == 4
    place = content.index(b"GCOL") + 16
    while content[place : place + 2] == b"\0\0" and not free:
        place += int.from_bytes(content[place + 8 : place + 16], "little")
    if free:
        content[place : place + 2] = b"\0\0"
    content[place + 8 : place + 16] = size.to_bytes(8, "little")
    with pytest.raises(DecodeError, match=f"byte {place}: an object of {size} bytes in a global heap") as caught:
        decode_bytes(bytes(content), "damaged.nc")
    assert caught.value.offset == place


def test_the_letters_of_a_heap_elsewhere_are_no_heap(tmp_path):
    check_heaps(b"\x89HDF\r\n\x1a\n" + bytes(8) + b"GCOL\x01\0\0\0" + (2**40).to_bytes(8, "little") + b"and so on")
    check_heaps(b"GCOL\x01\0\0\0")
    check_heaps(b"")


def test_a_variable_that_only_has_the_name_of_a_dimension_is_no_coordinate(tmp_path):
    path = tmp_path / "levels.nc"
    with netCDF4.Dataset(path, "w") as file:
        file.createDimension("TIME", 4)
        file.createDimension("DEPTH", 3)
        time = file.createVariable("TIME", "f8", ("TIME",))
        time.setncatts({"standard_name": "time", "units": "days since 1950-01-01T00:00:00Z"})
        time[:] = [24000.0, 24000.5, 24001.0, 24001.5]
        file.createVariable("DEPTH", "f4", ("TIME",))[:] = [1.0, 2.0, 3.0, 4.0]
        temperature = file.createVariable("TEMP", "f4", ("TIME", "DEPTH"))
        temperature.setncatts({"standard_name": "sea_water_temperature", "units": "degrees_Celsius"})
        temperature[:] = np.full((4, 3), 3.5)
    samples = ingest.decode(path).streams["samples"]
    assert samples["temperature"].shape == (4, 3)
    assert "depth_level" not in samples.coords


def test_dimensions_that_differ_in_case_only_are_told_apart_by_their_size(tmp_path):
    path = tmp_path / "case.nc"
    with netCDF4.Dataset(path, "w") as file:
        for name, size in (("TIME", 2), ("DEPTH", 3), ("depth", 4)):
            file.createDimension(name, size)
        time = file.createVariable("TIME", "f8", ("TIME",))
        time.setncatts({"standard_name": "time", "units": "days since 1950-01-01T00:00:00Z"})
        time[:] = [24000.0, 24000.5]
        for name, standard, units, level in (("TEMP", "sea_water_temperature", "degrees_Celsius", "DEPTH"),
                                             ("PSAL", "sea_water_practical_salinity", "1", "depth")):  # fmt: skip
            variable = file.createVariable(name, "f4", ("TIME", level))
            variable.setncatts({"standard_name": standard, "units": units})
            variable[:] = 3.5
    with pytest.raises(DecodeError, match="has 4 values along depth_level, others 3"):
        ingest.decode(path)


@pytest.mark.parametrize("of", [b"site_code", b"TEMP", b"TIME"])
def test_a_classic_header_with_a_negative_length_is_never_shown_to_the_library(of):
    whole = netcdf_file("NETCDF3_CLASSIC")
    assert bytes_needed(whole) is not None
    at = whole.index(of) - 4
    assert int.from_bytes(whole[at : at + 4], "big") == len(of)
    assert bytes_needed(whole[:at] + b"\xff" * 4 + whole[at + 4 :]) is None


@pytest.mark.parametrize(
    "changed",
    [
        lambda whole: whole.replace(b"\0\0\0\x0c", b"\0\0\0\x0a", 1),  # attributes with the tag of dimensions
        lambda whole: whole.replace(b"\0\0\0\x04TIME", b"\0\x01\0\x04TIME", 1),  # a name longer than the file
        lambda whole: whole.replace(b"DEPTH\0\0\0\0\0\0\x03", b"DEPTH\0\0\0\0\0\0\0", 1).replace(
            b"TIME\0\0\0\x04", b"TIME\0\0\0\0", 1
        ),  # two dimensions that grow
    ],
    ids=["tag", "name", "dimensions"],
)
def test_a_classic_header_that_cannot_be_walked_is_refused(changed, decode_bytes):
    whole = netcdf_file("NETCDF3_CLASSIC", levels=3)
    assert bytes_needed(whole) is not None
    assert changed(whole) != whole
    with pytest.raises(DecodeError, match="cut or damaged"):
        decode_bytes(changed(whole), "made.nc")


def test_a_file_that_promises_more_than_it_can_hold_is_refused(tmp_path):
    made = tmp_path / "made.nc"
    with netCDF4.Dataset(made, "w") as dataset:
        dataset.createDimension("TIME", 200_000_000)
        time = dataset.createVariable("TIME", "f8", ("TIME",), chunksizes=(1_000,))
        time.units = "days since 1950-01-01"
    with pytest.raises(DecodeError, match="promises 1600000000 bytes of values"):
        ingest.decode(made)


def test_a_chunk_whose_stated_size_is_damaged_is_refused(tmp_path):
    file = tmp_path / "made.nc"
    with netCDF4.Dataset(file, "w") as made:
        made.createDimension("TIME", 40_000)
        made.createDimension("DEPTH", 3)
        made.createVariable("TIME", "f8", ("TIME",)).units = "seconds since 2020-01-01 00:00:00"
        made["TIME"][:] = np.arange(40_000)
        made.createVariable("UCUR", "f4", ("TIME", "DEPTH"), chunksizes=(20_000, 3)).units = "m s-1"
        made["UCUR"][:] = 1
    # The second chunk's key in the tree of chunks: bytes, filters left out, and its first sample.
    key, damaged = (struct.pack("<IIQ", size, 0, 20_000) for size in (240_000, 239_999))
    content = file.read_bytes()
    assert content.count(key) == 1
    assert ingest.decode(file).streams["samples"].sizes["time"] == 40_000
    file.write_bytes(content.replace(key, damaged))
    with pytest.raises(DecodeError, match="cut or damaged"):
        ingest.decode(file)
