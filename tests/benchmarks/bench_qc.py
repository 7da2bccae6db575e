"""How many faults quality control finds, and how much of nature it leaves alone.

`python -m tests.benchmarks.bench_qc [SEED ...]` prints one JSON object to standard output and a table to standard
error. Plans, events and what they keep are those of `lander run`: test_skill.py compares the flags with a store's.
"""

import json
import sys
import tempfile
import time
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from qc.engine import judge, learn, merge
from qc.events import Event, EventRule, Seen, event_ids, events_of, joined, keep_confirmed, runs_of
from qc.flags import PROBABLY_BAD, Flags
from sample_data.scenario import Event as PlannedEvent
from sample_data.scenario import Fault, Scenario
from tests.benchmarks import fouling
from tests.benchmarks.peers import Peer, PeerMissingError, interpreter, run
from tests.benchmarks.skill_data import SEAFLOOR, Aboard, Record, deploy, scenarios

SEEDS = (101, 102, 103)
IOOS_QC = Peer("ioos_qc", "ioos_qc==3.0.0")

ONCE = frozenset({"step", "ramp", "tilt"})
"""Kinds that go on to the end of the record: found when any of the first `ONSET` samples, or any at all, is flagged."""

ONSET = 10

SHARES = ("false_flags", "events_kept", "false_events", "events_marked", "spikes_in_events")

_WATER = ("temperature", "conductivity", "oxygen", "methane", "turbidity")
_PLUME = {"methane": 3000.0, "turbidity": 2.0, "oxygen": -8.0, "temperature": 0.1}

SPIKES_IN_EVENTS = Scenario(
    "spikes-in-events", 4, 10.0,
    faults=tuple(
        Fault("spike", _WATER, None, 0.0, {"count": 60, "sigma": sigma, "width": width})
        for sigma, width in ((8.0, 1), (10.0, 2), (12.0, 3))
    ),
    events=(
        PlannedEvent("plume", 0.15, _PLUME, 900.0, 5400.0, {"methane": 300.0}),
        PlannedEvent("plume", 0.40, {"methane": 900.0, "turbidity": 0.8, "temperature": 0.05}, 300.0, 1800.0),
        PlannedEvent("methane_only", 0.55, {"methane": 2500.0}, 1800.0, 14400.0),
        PlannedEvent("methane_only", 0.85, {"methane": 600.0}, 600.0, 3600.0),
    ),
)  # fmt: skip
"""Scenarios put some forty spikes into a month: hardly one falls into a plume. Here a tenth do, in four days."""


@dataclass
class Tally:
    """Counts over records: found and all."""

    recall: dict[str, list[int]] = field(default_factory=lambda: defaultdict(lambda: [0, 0]))
    counts: dict[str, list[int]] = field(default_factory=lambda: defaultdict(lambda: [0, 0]))

    def add(self, key: str, found: NDArray[np.bool_]) -> None:
        """Count the samples that are true, and all."""
        self.counts[key][0] += int(found.sum())
        self.counts[key][1] += found.size

    def share(self, key: str) -> float | None:
        """Found of all; None where there was nothing to find."""
        found, of = self.counts[key]
        return found / of if of else None


def main(seeds: Sequence[int]) -> None:
    """Run every scenario with every seed and print what came of it."""
    tally, theirs = Tally(), Tally()
    peer = _peer()
    for scenario in scenarios():
        for seed in seeds:
            begin = time.process_time()
            aboard = deploy(scenario, seed)
            for instrument, name, flags, marked in judged(aboard):
                count(tally, record_of(instrument, name), instrument.phase, flags >= PROBABLY_BAD, marked)
            seconds = time.process_time() - begin
            for instrument in aboard:
                if peer is None:
                    break
                for record, flagged in zip(instrument.records, ioos(peer, instrument), strict=True):
                    count(theirs, record, instrument.phase, flagged, np.zeros(flagged.size, bool))
            samples = sum(one.time.size * len(one.records) for one in aboard)
            sys.stderr.write(f"{scenario.name}, seed {seed}: {samples:,} samples, {seconds:.0f} s CPU\n")
    for seed in seeds:
        spikes_in_events(tally, deploy(SPIKES_IN_EVENTS, seed))
    own = summary(tally) | fouling.skill(fouling.deployments(seeds))
    sys.stderr.write(table(own, summary(theirs) if peer is not None else None))
    sys.stdout.write(json.dumps(own) + "\n")


def record_of(instrument: Aboard, variable: str) -> Record:
    """One of an instrument's records, by its variable."""
    return next(one for one in instrument.records if one.variable == variable)


def judged(aboard: Sequence[Aboard]) -> Iterable[tuple[Aboard, str, Flags, NDArray[np.bool_]]]:
    """Flags of each record of a deployment, and which of its samples lie in an event that this sensor showed.

    As the stages of `lander run`: checks by instrument, then events over all of them, then what events keep.
    """
    flags = {one.name: _flags(one) for one in aboard}
    runs, responses = {}, {}
    for one in aboard:
        for variable, sensor in one.sensors.items() if one.rule is not None else ():
            if variable not in flags[one.name] or one.rule is None:
                continue
            value, response = record_of(one, variable).value, sensor["response_seconds"]
            seen = Seen(one.time, value, response, sensor["resolution"], flags[one.name][variable], one.phase)
            runs[f"{one.name}.{variable}"] = joined([runs_of(seen, one.rule)], one.rule)
            responses[f"{one.name}.{variable}"] = response
    events = events_of(runs, responses, EventRule())
    for one in aboard:
        for variable, own in flags[one.name].items():
            yield one, variable, keep_confirmed(own, one.time, events), _marked(one, variable, events)


def _flags(one: Aboard) -> dict[str, Flags]:
    arrays = {record.variable: record.value for record in one.records} | {"deployment_phase": one.phase}
    flags = {}
    for record in one.records:
        plan = one.plan.only(record.variable)
        summaries = merge([learn(one.time, arrays, plan)], plan)
        flags[record.variable] = judge(one.time, arrays, plan, summaries=summaries)[record.variable].flags
    return flags


def _marked(one: Aboard, variable: str, events: Sequence[Event]) -> NDArray[np.bool_]:
    shown = [event for event in events if f"{one.name}.{variable}" in event.variables]
    return event_ids(one.time, shown) > 0


def count(
    tally: Tally, record: Record, phase: NDArray[np.int8], flagged: NDArray[np.bool_], marked: NDArray[np.bool_]
) -> None:
    """Add one record to the counts; only what was taken on the seafloor counts."""
    stay = phase == SEAFLOOR
    flagged, marked, fault, event = flagged[stay], marked[stay], record.fault[stay], record.event[stay]
    for number in np.unique(fault[fault > 0]).tolist():
        kind, hit = record.kinds[number], flagged[fault == number]
        tally.recall[kind][0] += int(hit[:ONSET].any()) if kind in ONCE else int(hit.sum())
        tally.recall[kind][1] += 1 if kind in ONCE else hit.size
    sound = fault == 0
    tally.add("spikes_in_events", flagged[_spiked(record)[stay] & (event > 0)])
    tally.add("false_flags", flagged[sound & (event == 0)])
    tally.add("events_kept", ~flagged[sound & (event > 0)] | marked[sound & (event > 0)])
    tally.add("events_marked", marked[event > 0])
    tally.add("false_events", marked[event == 0])


def _spiked(record: Record) -> NDArray[np.bool_]:
    return np.isin(record.fault, [number for number, kind in record.kinds.items() if kind == "spike"])


def spikes_in_events(tally: Tally, aboard: Sequence[Aboard]) -> None:
    """Add the spikes of a deployment that fell into events."""
    for instrument, variable, flags, _ in judged(aboard):
        record = record_of(instrument, variable)
        inside = _spiked(record) & (record.event > 0) & (instrument.phase == SEAFLOOR)
        tally.add("spikes_in_events", (flags >= PROBABLY_BAD)[inside])


def summary(tally: Tally) -> dict[str, Any]:
    """The shares, as they are printed."""
    recall = {kind: found / of for kind, (found, of) in sorted(tally.recall.items())}
    return {"recall": recall} | {key: tally.share(key) for key in SHARES}


def table(own: Mapping[str, Any], peer: Mapping[str, Any] | None) -> str:
    """Ours beside the peer's, as text."""

    def rows(one: Mapping[str, Any]) -> dict[str, Any]:
        return {f"recall of {kind}": share for kind, share in one["recall"].items()} | {
            key.replace("_", " "): share for key, share in one.items() if key != "recall"
        }

    left, right = rows(own), {} if peer is None else rows(peer)
    lines = [f"{'share of samples':32}{'ours':>10}{'ioos_qc':>10}"]
    for key, share in left.items():
        lines.append(f"{key:32}" + "".join(f"{_percent(one):>10}" for one in (share, right.get(key))))
    return "\n".join(lines) + "\n"


def _percent(share: float | None) -> str:
    return "-" if share is None else f"{100 * share:.2f} %"


IOOS_SCRIPT = """
import json, sys, warnings
import numpy as np
warnings.simplefilter("ignore")
from ioos_qc import qartod
path = sys.argv[1]
for k, (low, high) in enumerate(json.loads(sys.argv[2])):
    given = np.load(f"{path}/{k}.npz")
    value, stamps = given["value"], given["time"].astype("datetime64[us]").astype("datetime64[ns]")
    size = float(np.nanstd(value[given["stay"]]))
    rate = size / max(1.0, float(np.median(np.diff(given["time"]))) / 1e6)
    flags = [
        qartod.gross_range_test(value, (low, high)),
        qartod.spike_test(value, 3 * size, 6 * size),
        qartod.rate_of_change_test(value, stamps, 3 * rate),
        qartod.flat_line_test(value, stamps, 300, 900, 1e-6) if value.size < 2_000_000 else np.ones(value.size),
    ]
    flagged = [(np.asarray(one) == 3) | (np.asarray(one) == 4) for one in flags]
    np.save(f"{path}/{k}.npy", np.any(flagged, axis=0))
print(json.dumps({}))
"""


def _peer() -> Path | None:
    try:
        return interpreter(IOOS_QC)
    except PeerMissingError as missing:
        sys.stderr.write(f"{missing}\n")
        return None


def ioos(python: Path, instrument: Aboard) -> list[NDArray[np.bool_]]:
    """What ioos_qc's gross range, spike, rate of change and flat line flag as suspect or worse.

    The usual thresholds: 3 and 6 standard deviations of the record for spikes, 3 of them per sampling interval for the
    rate of change, 300 and 900 s without change for the flat line.
    """
    with tempfile.TemporaryDirectory() as folder:
        stay = instrument.phase == SEAFLOOR
        for number, record in enumerate(instrument.records):
            np.savez(Path(folder) / f"{number}.npz", time=instrument.time, value=record.value, stay=stay)
        bounds = [
            (-1e30 if low is None else low, 1e30 if high is None else high)
            for low, high in (record.bounds for record in instrument.records)
        ]
        run(python, IOOS_SCRIPT, folder, json.dumps(bounds))
        return [np.load(Path(folder) / f"{number}.npy") for number in range(len(instrument.records))]


if __name__ == "__main__":
    main([int(one) for one in sys.argv[1:]] or SEEDS)
