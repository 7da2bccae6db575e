"""Recorded calls of another package's QC functions, said in our words."""

import numpy as np

from qc.check import discover
from qc.checks.climatology import Season
from qc.engine import judge, learn, merge
from qc.flags import FAIL, NOT_RUN, PASS, SUSPECT, aggregate, to_qartod
from qc.plan import Plan, Planned
from qc.positions import location, location_bounds, location_on_land, speed
from qc.sequences import density_inversion, percentile_range, pressure_increasing, syntax, valid_range

ALWAYS = 1e12
"""Longest gap where the recorded function knows none."""

_QARTOD = np.array([2, 1, 3, 4], np.int8)
_PERIODS = {"dayofyear": "day_of_year", "weekofyear": "week_of_year", "month": "month", "quarter": "quarter"}


def plain(written):  # noqa: PLR0911 - one line a kind of value
    """A recorded value as Python and NumPy would hold it."""
    if isinstance(written, list):
        return [plain(one) for one in written]
    if not isinstance(written, dict):
        return written
    if "__float__" in written:
        return float(written["__float__"])
    if "__dt64__" in written:
        return np.datetime64(written["__dt64__"])
    if "__tuple__" in written:
        return tuple(plain(one) for one in written["__tuple__"])
    if "__polygon__" in written:
        return [tuple(corner) for corner in written["__polygon__"]]
    if "__clim__" in written:
        return [{key: plain(one) for key, one in member.items()} for member in written["__clim__"]]
    if "data" in written:
        return _array(written)
    raise AssertionError(f"a kind of value that nobody has met: {written}")


def _array(written):
    kind, data = np.dtype(written["dtype"]), written["data"]
    shape = written.get("shape", [len(data)])
    if kind.kind == "M":
        return np.array(data, np.int64).astype("datetime64[ns]").reshape(shape)
    array = np.array(data, kind).reshape(shape)
    return np.ma.masked_array(array, np.reshape(written["mask"], array.shape)) if "__masked__" in written else array


def numbers(given):
    """Float64, NaN where None or masked."""
    if isinstance(given, np.ma.MaskedArray):
        return np.ma.filled(given.astype(float), np.nan)
    return np.array([np.nan if one is None or one is np.ma.masked else _number(one) for one in given], float)


def _number(one):
    return np.nan if isinstance(one, np.ma.MaskedArray) and one.mask.all() else float(one)


def times(given):
    """Int64 microseconds of datetimes or seconds."""
    array = np.asarray(given)
    if array.dtype.kind == "M":
        return array.astype("datetime64[us]").astype(np.int64)
    return np.round(array.astype(float) * 1e6).astype(np.int64)


def flags_of(outcomes, missing):
    """QARTOD codes."""
    return np.where(missing, 9, _QARTOD[outcomes]).tolist()


def checked(name, params, time, value, **inputs):
    """Flags by one check through the engine."""
    check = discover()[name]
    plan = Plan({"x": (Planned(name, check.slot, check.params(**params), True),)})
    order = np.argsort(time, kind="stable")
    time, variables = time[order], {key: array[order] for key, array in {"x": value, **inputs}.items()}
    summaries = merge([learn(time, variables, plan)], plan)
    tests = judge(time, variables, plan, summaries=summaries)["x"].tests
    outcomes = ((tests >> np.uint64(2 * check.slot)) & np.uint64(3)).astype(np.uint8)
    as_given = np.empty_like(outcomes)
    as_given[order] = outcomes
    return flags_of(as_given, np.isnan(value))


def ours(case):
    """Flags that this project gives for a recorded call; raises where the call makes no sense."""
    inputs = {name: plain(one) for name, one in case["inputs"].items()}
    return CALLS[case["function"]](**inputs)


def gross_range(inp, fail_span, suspect_span=None):
    value = numbers(inp)
    low, high = sorted(fail_span)  # the recorded functions take either order
    inner = (None, None) if suspect_span is None else sorted(suspect_span)
    return checked(
        "gross_range",
        {"fail_min": low, "fail_max": high, "suspect_min": inner[0], "suspect_max": inner[1]},
        np.arange(value.size),
        value,
    )


def climatology(config, inp, tinp, zinp):
    value = numbers(inp)
    return checked(
        "climatology",
        {"seasons": tuple(season(member) for member in config), "depth": "depth"},
        times(tinp),
        value,
        depth=numbers(zinp),
    )


def season(member):
    fail, depth = member["fspan"] or (None, None), member["zspan"] or (None, None)
    first, last = member["tspan"]
    when = {"period": "time", "start": str(first), "end": str(last)}
    if member["period"] is not None:
        when = {"period": _PERIODS[member["period"]], "first": first, "last": last}
    return Season(*member["vspan"], fail_min=fail[0], fail_max=fail[1], depth_min=depth[0], depth_max=depth[1], **when)


def spike(inp, suspect_threshold=None, fail_threshold=None, method="average"):
    value = numbers(inp)
    params = {"largest_gap": ALWAYS, "suspect": suspect_threshold, "fail": fail_threshold, "method": method}
    return checked("spike_neighbours", params, np.arange(value.size), value)


def rate_of_change(inp, tinp, threshold=None, fail_threshold=None):
    params = {"largest_gap": ALWAYS, "suspect": threshold, "fail": fail_threshold}
    return checked("rate_of_change", params, times(tinp), numbers(inp))


def flat_line(inp, tinp, suspect_threshold, fail_threshold, tolerance=0):
    value = numbers(inp)
    params = {
        "suspect_seconds": suspect_threshold,
        "fail_seconds": fail_threshold,
        "largest_gap": 1e6,
        "tolerance": tolerance,
    }
    return checked("flat_line", params, times(tinp)[: value.size], value)


def attenuated_signal(inp, tinp, suspect_threshold, fail_threshold, test_period, min_obs, min_period, check_type):
    time, value = times(tinp), numbers(inp)
    measures = {"std": "deviation", "range": "range"}
    if check_type not in measures:
        raise ValueError(f"check_type is {check_type!r}, expected one of {', '.join(measures)}")
    step = np.median(np.diff(time)) / 1e6 if time.size > 1 else np.inf
    fewest = min_obs if min_obs is not None else (min_period or 0) / step
    fewest = 0 if test_period is None else fewest  # of a window; the whole record has none
    params = {
        "suspect": suspect_threshold,
        "fail": fail_threshold,
        "window_seconds": test_period,
        "measure": measures[check_type],
        "fewest": int(fewest),
    }
    return checked("attenuated_signal", params, time, value)


def locations(lon, lat, bbox=(-180, -90, 180, 90), range_max=None, range_method="haversine"):
    if range_method.lower() not in ("wgs84", "haversine"):
        raise ValueError(f"range_method is {range_method!r}, expected 'wgs84' or 'haversine'")
    if np.ndim(lon) != 1:
        raise ValueError("expected several positions")
    x, y = numbers(lon), numbers(lat)
    sphere = range_method.lower() == "haversine"
    return flags_of(location(x, y, tuple(bbox), range_max, sphere), np.isnan(x) & np.isnan(y))


def bounds(lon, lat, shape, flag_area="outside"):
    x, y = numbers(lon), numbers(lat)
    ring = shape
    if np.ndim(shape) == 1:
        west, south, east, north = shape
        ring = [(west, south), (east, south), (east, north), (west, north)]
    return flags_of(location_bounds(x, y, list(ring), flag_area == "inside"), np.isnan(x) | np.isnan(y))


def on_land(lon, lat):
    x, y = numbers(lon), numbers(lat)
    return flags_of(location_on_land(x, y), np.isnan(x) & np.isnan(y))


def speeds(lon, lat, tinp, suspect_threshold, fail_threshold):
    x, y = numbers(lon), numbers(lat)
    return flags_of(speed(times(tinp), x, y, suspect_threshold, fail_threshold), np.isnan(x) | np.isnan(y))


def density(inp, zinp, suspect_threshold=None, fail_threshold=None):
    value, depth = numbers(inp), numbers(zinp)
    outcomes = density_inversion(value, depth, suspect_threshold, fail_threshold)
    absent = np.isnan(value) | np.isnan(depth)
    closes_nothing = np.concatenate([[False], absent[:-1]]) & (outcomes == NOT_RUN)
    return flags_of(outcomes, absent | closes_nothing)  # the recorded function calls half a pair missing


def increasing(inp):
    value = numbers(inp)
    return flags_of(pressure_increasing(value), np.isnan(value))


def percentile(inp, low_percentile=5, hi_percentile=95, pad=0):
    value = numbers(inp)
    return flags_of(percentile_range(value, low_percentile, hi_percentile, pad), np.isnan(value))


def valid(inp, valid_span, start_inclusive=True, end_inclusive=False):
    first, last = valid_span
    return flags_of(valid_range(inp, first, last, start_inclusive, end_inclusive), np.isnat(inp))


def messages(inp, nchar, lentype, delimiter):
    counted = {"char": "characters", "byte": "bytes"}[lentype]
    return flags_of(syntax(list(inp), nchar, counted, delimiter), np.zeros(len(inp), bool))


def stamps(tinp):
    """Tests of time stamps that are all missing: nothing to test."""
    return flags_of(valid_range(tinp, None, None), np.isnat(tinp))


def compare(vectors):
    """Each vector as the outcome of one test of ours."""
    outcome = {1: PASS, 2: NOT_RUN, 3: SUSPECT, 4: FAIL, 9: NOT_RUN}
    tests = np.zeros(len(vectors[0]), np.uint64)
    for slot, vector in enumerate(vectors):
        tests |= np.array([outcome[int(flag)] for flag in vector], np.uint64) << np.uint64(2 * slot)
    missing = np.all(np.array(vectors) == 9, axis=0)
    return to_qartod(aggregate(tests, missing, range(len(vectors)))).tolist()


CALLS = {
    "qartod.gross_range_test": gross_range,
    "qartod.climatology_test": climatology,
    "qartod.spike_test": spike,
    "qartod.rate_of_change_test": rate_of_change,
    "qartod.flat_line_test": flat_line,
    "qartod.attenuated_signal_test": attenuated_signal,
    "qartod.density_inversion_test": density,
    "qartod.location_test": locations,
    "qartod.location_bounds_test": bounds,
    "qartod.location_on_land_test": on_land,
    "qartod.percentile_range_test": percentile,
    "qartod.syntax_test": messages,
    "qartod.impossible_date_test": stamps,
    "qartod.data_reception_test": stamps,
    "qartod.time_gap_test": stamps,
    "qartod.qartod_compare": compare,
    "argo.speed_test": speeds,
    "argo.pressure_increasing_test": increasing,
    "axds.valid_range_test": valid,
}

__all__ = ["ALWAYS", "numbers", "ours", "plain", "times"]
