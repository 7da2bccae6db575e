"""How many faults quality control finds, and how much of nature it leaves alone.

`python -m tests.benchmarks.bench_qc [SEED ...]` prints one JSON object to standard output and a table to standard
error.
"""

import json
import sys
import tempfile
from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from qc.engine import judge
from qc.events import Seen, event_ids, find_events, keep_confirmed
from qc.flags import PROBABLY_BAD
from qc.plan import Plan
from tests.benchmarks.peers import Peer, PeerMissingError, interpreter, run
from tests.benchmarks.skill_data import SEAFLOOR, Record, records, scenarios

SEEDS = (101, 102, 103)
IOOS_QC = Peer("ioos_qc", "ioos_qc==3.0.0")

ONCE = frozenset({"step", "ramp", "tilt"})
"""Kinds that go on to the end of the record: found when any of the first `ONSET` samples, or any at all, is flagged."""

ONSET = 10

SHARES = ("false_flags", "events_kept", "false_events", "events_marked", "spikes_in_events")


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
        found, of = self.counts[key]
        return found / of if of else None


def main(seeds: Iterable[int]) -> None:
    """Run every scenario with every seed and print what came of it."""
    tally, theirs = Tally(), Tally()
    peer = _peer()
    for scenario in scenarios():
        for seed in seeds:
            found = list(records(scenario, seed))
            ids, flags = ours(found)
            for record, flag, own in zip(found, flags, ids, strict=True):
                count(tally, record, flag >= PROBABLY_BAD, own > 0)
            if peer is not None:
                for record, flagged in zip(found, ioos(peer, found), strict=True):
                    count(theirs, record, flagged, np.zeros(record.time.size, bool))
            sys.stderr.write(f"{scenario.name}, seed {seed}: {sum(one.time.size for one in found):,} samples\n")
    sys.stderr.write(table(summary(tally), summary(theirs) if peer is not None else None))
    sys.stdout.write(json.dumps(summary(tally)) + "\n")


def ours(found: list[Record]) -> tuple[list[NDArray[np.int32]], list[NDArray[np.int8]]]:
    """Event ids and flags of each record, by the default plan."""
    flags = []
    for record in found:
        plan = Plan.build({}, {"x": record.traits})
        flags.append(judge(record.time, {"x": record.value, "deployment_phase": record.phase}, plan)["x"].flags)
    seen = {}
    for record, flag in zip(found, flags, strict=True):
        if record.variable in ("pitch", "roll", "heading", "pressure"):
            continue  # the platform's own
        clean = np.where((flag < PROBABLY_BAD) & (record.phase == SEAFLOOR), record.value, np.nan)
        response = record.traits.response_seconds or 0.0
        seen[f"{record.instrument}.{record.variable}"] = Seen(record.time, clean, response)
    events = find_events(seen)
    kept = [keep_confirmed(flag, record.time, events) for record, flag in zip(found, flags, strict=True)]
    ids = []
    for record in found:
        name = f"{record.instrument}.{record.variable}"
        ids.append(event_ids(record.time, [one for one in events if name in one.variables]))
    return ids, kept


def count(tally: Tally, record: Record, flagged: NDArray[np.bool_], marked: NDArray[np.bool_]) -> None:
    """Add one record to the counts; only what was taken on the seafloor counts."""
    stay = record.phase == SEAFLOOR
    flagged, marked, fault, event = flagged[stay], marked[stay], record.fault[stay], record.event[stay]
    for number in np.unique(fault[fault > 0]).tolist():
        kind, here = record.kinds[number], fault == number
        hit = flagged[here]
        tally.recall[kind][0] += int(hit[:ONSET].any()) if kind in ONCE else int(hit.sum())
        tally.recall[kind][1] += 1 if kind in ONCE else hit.size
    if (((fault > 0) & (event > 0)).any()) and "spike" in record.kinds.values():
        spikes = np.isin(fault, [number for number, kind in record.kinds.items() if kind == "spike"]) & (event > 0)
        tally.add("spikes_in_events", flagged[spikes])
    clean = (fault == 0) & (event == 0)
    tally.add("false_flags", flagged[clean])
    tally.add("events_kept", ~flagged[(fault == 0) & (event > 0)] | marked[(fault == 0) & (event > 0)])
    tally.add("events_marked", marked[event > 0])
    tally.add("false_events", marked[event == 0])


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


def ioos(python: Path, found: list[Record]) -> list[NDArray[np.bool_]]:
    """What ioos_qc's gross range, spike, rate of change and flat line flag as suspect or worse.

    The usual thresholds: 3 and 6 standard deviations of the record for spikes, 3 of them per sampling interval for the
    rate of change, 300 and 900 s without change for the flat line.
    """
    with tempfile.TemporaryDirectory() as folder:
        bounds = []
        for number, record in enumerate(found):
            stay = record.phase == SEAFLOOR
            np.savez(Path(folder) / f"{number}.npz", time=record.time, value=record.value, stay=stay)
            low, high = record.traits.valid_min, record.traits.valid_max
            bounds.append((-1e30 if low is None else low, 1e30 if high is None else high))
        run(python, IOOS_SCRIPT, folder, json.dumps(bounds))
        return [np.load(Path(folder) / f"{number}.npy") for number in range(len(found))]


if __name__ == "__main__":
    main([int(one) for one in sys.argv[1:]] or SEEDS)
