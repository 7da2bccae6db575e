"""Where our flags may differ from recorded ones of QARTOD, why, and what they must be then, said without our code."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime

import numpy as np

from tests.qc.parity import numbers, times


@dataclass(frozen=True)
class Deviation:
    """Where ours may differ, and to what.

    `covers(inputs)` says so from the call alone; `predicts(inputs)` computes our flags without our code.
    """

    name: str
    function: str
    why: str
    covers: Callable
    predicts: Callable


def brute_runs(time, value, tolerance, seconds):
    """Samples that lie in some stretch that spans at most the tolerance and lasts so long."""
    stuck = np.zeros(value.size, bool)
    for a in range(value.size):
        for b in range(a, value.size):
            part = value[a : b + 1]
            if not np.isfinite(part).all() or part.max() - part.min() > tolerance:
                break
            if (time[b] - time[a]) / 1e6 >= seconds:
                stuck[a : b + 1] = True
    return stuck


def flat_predicts(inputs):
    value = numbers(inputs["inp"])
    time, tolerance = times(inputs["tinp"])[: value.size], inputs.get("tolerance", 0)
    flags = np.where(brute_runs(time, value, tolerance, inputs["suspect_threshold"]), 3, 1)
    flags = np.where(brute_runs(time, value, tolerance, inputs["fail_threshold"]), 4, flags)
    return marked(value, flags)


def marked(value, flags):
    """Missing is missing, and an infinity is no measurement: it is not evaluated."""
    return np.where(np.isnan(value), 9, np.where(np.isinf(value), 2, flags)).tolist()


def flat_covers(inputs):
    """Two samples in a row are alike: only then can a run begin. Or one is no number, which recorded runs forget."""
    value = numbers(inputs["inp"])
    finite = value[np.isfinite(value)]
    return finite.size < value.size or bool((np.abs(np.diff(finite)) <= inputs.get("tolerance", 0)).any())


def rate_predicts(inputs):
    value, time = numbers(inputs["inp"]), times(inputs["tinp"]) / 1e6
    flags, last = np.zeros(value.size, int), None
    for i in np.flatnonzero(np.isfinite(value)):
        rate = 0.0 if last is None else abs(value[i] - value[last]) / (time[i] - time[last])
        flags[i] = 2 if last is None else 4 if rate > inputs.get("fail_threshold", np.inf) else 1 + 2 * (
            rate > inputs["threshold"]
        )  # fmt: skip
        last = i
    return marked(value, flags)


def pressure_predicts(inputs):
    value = numbers(inputs["inp"])
    known = [one for one in value if np.isfinite(one)]
    sign, deepest, flags = -1 if known and known[-1] < known[0] else 1, -np.inf, []
    for one in sign * value:
        flags.append(9 if np.isnan(one) else 1 if one > deepest else 3)
        deepest = max(deepest, one) if np.isfinite(one) else deepest
    return flags


def speed_predicts(inputs):
    """On a sphere, which is within 0.6 % of the ellipsoid: no use for a speed just at a threshold."""
    x, y = np.radians(numbers(inputs["lon"])), np.radians(numbers(inputs["lat"]))
    time, flags = times(inputs["tinp"]) / 1e6, []
    for i in range(x.size):
        if np.isnan(x[i] + y[i]):
            flags.append(9)
        elif i == 0 or np.isnan(x[i - 1] + y[i - 1]):
            flags.append(2)
        else:
            cosine = np.sin(y[i]) * np.sin(y[i - 1]) + np.cos(y[i]) * np.cos(y[i - 1]) * np.cos(x[i] - x[i - 1])
            speed = 6_371_000 * np.arccos(min(cosine, 1.0)) / (time[i] - time[i - 1])
            flags.append(4 if speed > inputs["fail_threshold"] else 3 if speed > inputs["suspect_threshold"] else 1)
    return flags


def density_predicts(inputs):
    density, depth, flags = numbers(inputs["inp"]), numbers(inputs["zinp"]), []
    bounds = [np.inf if inputs.get(name) is None else inputs[name] for name in ("suspect_threshold", "fail_threshold")]
    bounds = [-np.inf if bound == np.inf else bound for bound in bounds]

    def pair(i):
        if not 0 <= i < density.size - 1:
            return 0
        change = np.sign(depth[i + 1] - depth[i]) * (density[i + 1] - density[i])
        return 0 if np.isnan(change) else 4 if change < bounds[1] else 3 if change < bounds[0] else 1

    for i in range(density.size):
        closes, begins = pair(i - 1), pair(i)
        verdict = max(closes, begins if begins > 1 else 0)
        missing = np.isnan(density[i] + depth[i])
        first = 1 if i == 0 else 9
        flags.append(9 if missing else verdict or (2 if density.size == 1 else first))
    return flags


def missing_in(*names):
    return lambda inputs: any(not np.isfinite(numbers(inputs[name])).all() for name in names)


def range_predicts(inputs):
    value, time = numbers(inputs["inp"]), times(inputs["tinp"]) / 1e6
    step, flags = np.median(np.diff(time)), []
    fewest = inputs["min_obs"] if inputs["min_obs"] is not None else int((inputs["min_period"] or 0) / step)
    for i in range(value.size):
        window = value[(time > time[i] - inputs["test_period"]) & (time <= time[i])]
        window = window[np.isfinite(window)]
        spread = np.ptp(window) if window.size else np.nan
        verdict = 4 if spread < inputs["fail_threshold"] else 3 if spread < inputs["suspect_threshold"] else 1
        flags.append(9 if np.isnan(value[i]) else 2 if window.size < max(fewest, 1) else verdict)
    return flags


def season_holds(member, second, depth):
    first, last = member["tspan"]
    when = datetime.fromtimestamp(second, UTC)
    names = {"month": when.month, "quarter": (when.month + 2) // 3, "dayofyear": when.timetuple().tm_yday,
             "weekofyear": when.isocalendar().week}  # fmt: skip
    if member["period"] is None:
        low, high = (np.datetime64(one).astype("datetime64[us]").astype(np.int64) / 1e6 for one in (first, last))
        inside = low <= second <= high
    else:
        inside = first <= names[member["period"]] <= last
    return inside and (member["zspan"] is None or member["zspan"][0] <= depth <= member["zspan"][1])


def climatology_predicts(inputs):
    value, depth, time = numbers(inputs["inp"]), numbers(inputs["zinp"]), times(inputs["tinp"]) / 1e6
    flags = np.where(np.isnan(value), 9, 2)
    for i in np.flatnonzero(~np.isnan(value)):
        for member in inputs["config"]:
            if season_holds(member, time[i], depth[i]):
                fail, usual = member["fspan"] or (-np.inf, np.inf), member["vspan"]
                flags[i] = 4 if not fail[0] <= value[i] <= fail[1] else 1 if usual[0] <= value[i] <= usual[1] else 3
    return flags.tolist()


def gross_predicts(inputs):
    value, (low, high) = numbers(inputs["inp"]), sorted(inputs["fail_span"])
    usual = sorted(inputs.get("suspect_span") or (low, high))
    flags = np.where((value < usual[0]) | (value > usual[1]), 3, 1)
    return np.where(np.isnan(value), 9, np.where((value < low) | (value > high), 4, flags)).tolist()


DEVIATIONS = (
    Deviation(
        "whole run",
        "qartod.flat_line_test",
        "A stuck run is flagged from its first sample, over true time, a spread equal to the tolerance included, and "
        "ends at a missing value; recorded: only samples that look back on a full window counted in samples, which "
        "reaches across missing values, and strictly below the tolerance.",
        flat_covers,
        flat_predicts,
    ),
    Deviation(
        "no sample before",
        "qartod.rate_of_change_test",
        "The first sample has no rate: not evaluated; and after missing values the change is taken from the last "
        "value there was. Recorded: both always good.",
        lambda inputs: len(inputs["inp"]) > 0,
        rate_predicts,
    ),
    Deviation(
        "no coastline",
        "qartod.location_on_land_test",
        "No coastline comes with this project: nothing is evaluated unless polygons are given.",
        lambda inputs: True,
        lambda inputs: np.where(
            np.isnan(numbers(inputs["lon"])) & np.isnan(numbers(inputs["lat"])), 9, 2
        ).tolist(),
    ),
    Deviation(
        "reversed part",
        "argo.pressure_increasing_test",
        "Where a cast turns back, all of the part that it goes through again is marked, as Argo's manual has it, and "
        "missing is missing; recorded: only samples against the one before them, missing ones good.",
        lambda inputs: True,
        pressure_predicts,
    ),
    Deviation(
        "no way from nowhere",
        "argo.speed_test",
        "A missing position is missing, the first one too, and there is no speed from it to the next, which is not "
        "evaluated; recorded: that one missing, a missing first one not evaluated.",
        missing_in("lon", "lat"),
        speed_predicts,
    ),
    Deviation(
        "begins a pair",
        "qartod.density_inversion_test",
        "A sample after a missing one bears the verdict of the pair that it begins, where that speaks against it; "
        "recorded: called missing.",
        missing_in("inp", "zinp"),
        density_predicts,
    ),
    Deviation(
        "range of what is there",
        "qartod.attenuated_signal_test",
        "The range is that of the values in the window; recorded: unknown where one of them is missing.",
        lambda inputs: inputs["check_type"] == "range" and inputs["test_period"] and missing_in("inp")(inputs),
        range_predicts,
    ),
    Deviation(
        "nothing is not good",
        "qartod.climatology_test",
        "A missing value is missing, and one of unknown depth lies in no season with a depth; recorded: some are good.",
        missing_in("inp", "zinp"),
        climatology_predicts,
    ),
    Deviation(
        "a mask is a mask",
        "qartod.gross_range_test",
        "What the input masks is missing; recorded: the mask is forgotten and what lies under it judged.",
        lambda inputs: np.ma.is_masked(inputs["inp"]),
        gross_predicts,
    ),
)  # fmt: skip
