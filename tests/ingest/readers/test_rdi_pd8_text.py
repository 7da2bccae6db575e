"""PD8 tables: numbers, damage inside a table, tables of another size."""

import numpy as np
import pytest

from ingest.rdi.pd8_lines import TableLines

HEADER = "Bin    Dir    Mag     E/W     N/S    Vert     Err   Echo1  Echo2  Echo3  Echo4"


def _table(hour, bins=3, number=7, bad=False, stamp="2013/12/01 {:02}:04:00.000 "):
    rows = [f"2013/12/01 {hour:02}:00:00.50 {number:05}", "Hdg: 350.2 Pitch: -1.5 Roll: 0.3",
            "Temp: 4.1 SoS: 1492 BIT: 1A", HEADER]  # fmt: skip
    for place in range(1, bins + 1):
        east = -32768 if bad and place == bins else -10 * place - hour
        rows.append(f"{place:3}{90.5:8.1f}{12.3:7.1f}{east:8}{20 * place:8}{-3:8}{4:8}{170:7}{171:7}{172:7}{173:7}")
    rows.append("")
    return [f"{stamp.format(hour)}{row}\n" for row in rows]


def _content(*tables):
    return "".join(line for table in tables for line in table).encode()


def test_numbers(decode_bytes):
    profile = decode_bytes(_content(_table(0), _table(1, bad=True)), "pd8.log").streams["profile"]
    assert profile["time"].values.tolist() == np.array(
        ["2013-12-01T00:00:00.5", "2013-12-01T01:00:00.5"], "datetime64[us]"
    ).tolist()
    assert profile["logger_clock_offset"].values.tolist() == [239_500_000, 239_500_000]
    east = [[-0.01, -0.02, -0.03], [-0.011, -0.021, np.nan]]
    assert np.allclose(profile["eastward_velocity"].values, east, equal_nan=True)
    assert np.isnan(profile["current_direction"].values[1, 2])
    assert profile["current_speed"].values[0].tolist() == [0.0123] * 3
    assert profile["heading"].values.tolist() == [350.2, 350.2]
    assert profile["built_in_test_result"].values.tolist() == [26, 26]
    assert profile["echo_intensity"].values[0, 0].tolist() == [170, 171, 172, 173]


def test_without_a_logger(decode_bytes):
    profile = decode_bytes(_content(_table(0, stamp=""), _table(1, stamp="")), "pd8.txt").streams["profile"]
    assert profile.sizes["time"] == 2
    assert "logger_clock_offset" not in profile


def test_damage_loses_one_table(decode_bytes):
    tables = [_table(hour) for hour in range(4)]
    del tables[1][5]  # a bin
    tables[2][4] = tables[2][4][:-3] + "\n"  # cut in its last number
    decoded = decode_bytes(_content(*tables), "pd8.log")
    assert decoded.streams["profile"]["time"].values.astype("datetime64[h]").astype(int).tolist() == [
        np.datetime64(f"2013-12-01T{hour:02}").astype("datetime64[h]").astype(int) for hour in (0, 3)
    ]
    assert decoded.ledger.adds_up
    reasons = {span.reason for span in decoded.ledger.rejected}
    assert "table that breaks off after 1 bins" in reasons


def test_a_stamp_that_lost_its_blank_ends_a_table_too(decode_bytes):
    """Seen in a log that an editor had stripped of the blanks at the ends of its lines."""
    content = b"\n".join(line.rstrip() for line in _content(_table(0), _table(1)).split(b"\n"))
    decoded = decode_bytes(content, "pd8.log")
    assert decoded.streams["profile"].sizes["time"] == 2
    assert decoded.ledger.bytes_accepted == len(content)


@pytest.mark.parametrize("good", ["Hdg: 350.2", "Pitch: -1.5", "Roll: 0.3", "Temp: 4.1"])
def test_numbers_of_a_header_that_lost_their_point(decode_bytes, good):
    """Seen in a damaged log: `Hdg: 348` for 34.8, `Temp: 138` for 13.8."""
    tables = [_table(0), [line.replace(good, good.replace(".", "")) for line in _table(1)], _table(2)]
    decoded = decode_bytes(_content(*tables), "pd8.log")
    assert decoded.streams["profile"]["time"].values.astype("datetime64[h]").astype(str).tolist() == [
        "2013-12-01T00", "2013-12-01T02",
    ]  # fmt: skip
    assert "header of a table without the rest" in {span.reason for span in decoded.ledger.rejected}


@pytest.mark.parametrize(
    ("line", "reasons"),
    [
        (0, {"header of a table without the rest", "no part of a table"}),
        (2, {"header of a table without the rest", "no part of a table"}),
        (5, {"table that breaks off after 1 bins", "no part of a table"}),
    ],
)
def test_a_stamp_that_is_no_time_loses_its_table(decode_bytes, line, reasons):
    tables = [_table(hour) for hour in range(4)]
    tables[2][line] = tables[2][line].replace("2013/12/01 02:04", "2013/13/01 02:04")
    decoded = decode_bytes(_content(*tables), "pd8.log")
    hours = decoded.streams["profile"]["time"].values.astype("datetime64[h]").astype(int) % 24
    assert hours.tolist() == [0, 1, 3]
    assert {span.reason for span in decoded.ledger.rejected} == reasons


def test_another_size_and_an_open_end(decode_bytes):
    tables = [_table(0), _table(1, bins=2), _table(2)[:-1]]
    decoded = decode_bytes(_content(*tables), "pd8.log")
    assert decoded.streams["profile"].sizes["time"] == 1
    reasons = [span.reason for span in decoded.ledger.rejected]
    assert reasons == ["table of 2 bins, the first in the file has 3", "cut off after 3 bins"]


STOP = ["2013/12/01 09:10:02.207 [adcp:DLOGP1]:Battery power off message\n"]


@pytest.mark.parametrize("size", [1, 97, 4096])
def test_tables_without_a_blank_line_are_whole_by_the_bins_of_the_next(decode_bytes, size):
    tables = [_table(0)[:-1], STOP, _table(1)[:-2], STOP, _table(2)[:-1], _table(3)[:-1]]

    def hours(*parts):
        decoded = decode_bytes(_content(*parts), "pd8.log", block_bytes=size)
        times = decoded.streams["profile"]["time"].values.astype("datetime64[h]").astype(int) % 24
        return times.tolist(), [span.reason for span in decoded.ledger.rejected]

    assert hours(*tables) == ([0, 2, 3], ["table of 2 bins, the first in the file has 3"])
    assert hours(*tables[2:]) == ([2, 3], ["table of 2 bins, the first in the file has 3"])
    assert hours(*tables[:2]) == ([0], []), "the only one, and then the logger speaks"
    assert hours(_table(0)[:-1], STOP, _table(1)) == ([1], ["table that breaks off after 3 bins"]), "a lost blank line"


def test_numbers_left_out_and_long_ones_are_read_as_python_reads_them():
    lines = [b"  1    8.5  134.5      20     133       3      -2    162    166    163    164",
             b"  2    4.5  127.4  ------  ------       3      **    162    166    163    164",
             b"  3    4.5  127.4 1234567.12345678901      10       3       1    162    166    163    164",
             b"  5    4.5  127.4      10      10       3       1    162    166    163    164",
             b"  6    4.5  127.4      10      10       3       1    162    166    163   1640"]  # fmt: skip
    width = max(map(len, lines))
    bins = TableLines(b"".join(line.rjust(width) + b"\r\n" for line in lines), last=True).bins
    assert bins.end.tolist() == [3, 1, 2, 3, 4], "the run from bin 1 goes on to the first number that does not follow"
    value = bins.value[:, bins.place[:3]]
    np.testing.assert_array_equal(value[:6, 1], [4.5, 127.4, np.nan, np.nan, 3.0, np.nan])
    assert value[2, 2] == float("1234567.12345678901")
    shifted = TableLines(lines[0].rjust(width) + b"\n" + lines[1].rjust(width + 1) + b"\n", last=True).bins
    assert shifted.end.tolist() == [1, 1], "of another width: one of the two was cut"
