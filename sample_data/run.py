"""One instrument of a simulated deployment, from its first sample to its last."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from functools import cache, cached_property
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .clock import Clock
from .events import Pulse, pulses
from .faults import Planned, disturb, fault_ids, hold, place, sigma
from .files import AGAIN, DAMAGED, WHOLE, FilePlan, RawFiles, file_keys
from .instrument import Columns, Encoded, FileHead, Instrument, View
from .scenario import Scenario
from .site import FIELDS, Nature
from .timeline import Chunk, Timeline, schedule
from .truth import TruthColumns

_GAPS = ("gap", "dead")


@dataclass(frozen=True)
class Run:
    """An instrument in a scenario, with its faults in place.

    Attributes
    ----------
    instrument, scenario, nature
        What is simulated, and in what.
    timeline
        When it samples.
    faults
        Its own, without those that fall into gaps entirely.
    pulses
        Events by field, as its sensors see them.
    """

    instrument: Instrument
    scenario: Scenario
    nature: Nature
    timeline: Timeline
    faults: tuple[Planned, ...]
    pulses: Mapping[str, tuple[Pulse, ...]]

    def view(self, first: int, last: int) -> View:
        """What it meets at some samples."""
        seconds = self.timeline.true_seconds(first, last)
        name = self.instrument.noise_name or self.instrument.name
        return View(self.nature, name, first, last, seconds, self.pulses)

    @cached_property
    def _raw_at(self) -> Callable[[int], Columns]:
        @cache
        def raw_at(sample: int) -> Columns:
            view = self.view(sample, sample + 1)
            raw: Columns = self._form.to_raw(self._disturbed(self.instrument.clean(view), view), view)
            return raw

        return raw_at

    @property
    def _form(self) -> Any:
        if self.instrument.format is None:
            raise TypeError(f"{self.instrument.name} has no raw format")
        return self.instrument.format

    def _disturbed(self, clean: Columns, view: View) -> dict[str, NDArray[Any]]:
        return disturb(clean, self.faults, view, self.instrument.sensors)

    def chunks(self) -> Iterable[Chunk]:
        """Its samples in the order of the files."""
        duplicates = [(int(a), int(b), one.number) for one in self._of("duplicate") for a, b in one.spans]
        return schedule(self.timeline.count, self.instrument.block, self.gaps, duplicates)

    @property
    def gaps(self) -> list[tuple[int, int]]:
        """First sample and the one after the last, of those never taken."""
        return [(int(a), int(b)) for one in self._of(*_GAPS) for a, b in one.spans]

    def _of(self, *kinds: str) -> list[Planned]:
        return [one for one in self.faults if one.fault.kind in kinds]

    def stamps(self, view: View) -> NDArray[np.int64]:
        """What its files say about the time of some samples."""
        reading = self.timeline.reading(view.first, view.last)
        stamped: NDArray[np.int64] = self._form.stamp(reading, view) if self.instrument.format else reading
        return stamped

    def encode(self, chunk: Chunk, clean: Columns, view: View, stamps: NDArray[np.int64]) -> Encoded:
        """Bytes of a chunk, with the logger's messages around it."""
        form = self._form
        raw = hold(form.to_raw(self._disturbed(clean, view), view), self.faults, view, self.instrument, self._raw_at)
        encoded: Encoded = form.encode(raw, stamps, view)
        if chunk.power_on and form.power_on:
            encoded = form.power_on(encoded, int(stamps[0]), view)
        if chunk.power_off and form.power_off:
            encoded = form.power_off(encoded, int(stamps[-1]), view)
        return encoded

    def file_plan(self, folder: Path, deployment: str) -> FilePlan:
        """How its files are named and broken."""
        split = next((one.number for one in self._of("midnight_split")), 0)
        cut = next(iter(self._of("truncated_file")), None)
        end = self.scenario.start + np.timedelta64(round(self.scenario.duration), "s")
        by_day = self._form.daily or split > 0
        counts: dict[int, int] = {}
        for chunk in self.chunks():
            reading = self.timeline.reading(chunk.first, chunk.last)
            keys = file_keys(reading, by_day)
            if chunk.copy_of and self._form.copies_apart:
                keys = np.full_like(keys, AGAIN)
            for key, count in zip(*np.unique(keys, return_counts=True), strict=True):
                counts[int(key)] = counts.get(int(key), 0) + int(count)
        head = FileHead(self.scenario.start, end, self.timeline.interval, 0)
        cut_sample = -1 if cut is None else min(int(cut.spans[0, 0]), self.timeline.count - 1)
        cut_number = 0 if cut is None else cut.number
        return FilePlan(folder, deployment, self._form, head, counts, split, cut_sample, cut_number)

    def truth(self, chunk: Chunk, clean: Columns, view: View) -> dict[str, NDArray[Any]]:
        """Columns of the truth that do not hang on the files."""
        columns: dict[str, NDArray[Any]] = {"time_utc": self.timeline.utc(view.seconds)}
        for name, values in clean.items():
            if not name.startswith("_"):
                columns[f"{name}_clean"] = np.asarray(values, dtype=np.float64)
        for name, sensor in self.instrument.sensors.items():
            columns[f"{name}_fault"] = fault_ids(self.faults, name, chunk.first, chunk.last)
            found = [pulse for field in sensor.fields for pulse in self.pulses[field]]
            columns[f"{name}_event"] = event_ids(found, view.seconds)
        return columns

    def write(self, out: Path, deployment: str, progress: Callable[[int, int], None]) -> tuple[int, list[str]]:
        """Make all samples; return how many rows the truth has, and the raw files."""
        truth = TruthColumns(out / "truth" / self.instrument.name)
        truth.folder.mkdir(parents=True)
        files = None
        if self.instrument.format is not None:
            folder = out / "raw" / self.instrument.name
            folder.mkdir(parents=True)
            files = RawFiles(self.file_plan(folder, deployment))
        rows = 0
        for chunk in self.chunks():
            view = self.view(chunk.first, chunk.last)
            clean = self.instrument.clean(view)
            stamps = self.stamps(view)
            truth.append({
                **self.truth(chunk, clean, view),
                "time_clock": stamps,
                **self._record_columns(chunk, files, clean, view, stamps),
            })  # fmt: skip
            rows += chunk.last - chunk.first
            progress(chunk.last, self.timeline.count)
        truth.close()
        if files is None:
            return rows, []
        files.seal()
        return rows, files.written

    def _record_columns(self, chunk: Chunk, files: RawFiles | None, clean: Columns, view: View,
                        stamps: NDArray[np.int64]) -> dict[str, NDArray[Any]]:  # fmt: skip
        if files is None:
            return {}
        encoded = self.encode(chunk, clean, view, stamps)
        numbers = np.arange(chunk.first, chunk.last)
        fate = files.write(encoded, stamps, numbers, chunk.copy_of > 0)
        if chunk.power_on and self._form.power_on and fate.status[0] == WHOLE:
            fate.status[0] = DAMAGED
        faults = np.where(fate.faults == 0, np.int16(chunk.copy_of), fate.faults)
        return {"status": fate.status, "file": fate.file, "record_fault": faults}


def event_ids(found: Iterable[Pulse], seconds: NDArray[np.float64]) -> NDArray[np.int16]:
    """Id of the event in each sample, 0 for none; of several, the one that began last."""
    ids = np.zeros(len(seconds), dtype=np.int16)
    for pulse in sorted(found, key=lambda pulse: pulse.onset):
        within = (seconds >= pulse.onset) & (seconds < pulse.onset + pulse.length + 3 * pulse.response)
        ids[within] = pulse.number
    return ids


def prepare(instrument: Instrument, scenario: Scenario, nature: Nature, assigned: Iterable[Planned]) -> Run:
    """Set an instrument's clock, find its samples, and put its faults and events in their places."""
    own = [one for one in assigned if one.instrument == instrument.name]
    interval = scenario.intervals.get(instrument.name, instrument.interval(scenario.period))
    timeline = Timeline(_clock(instrument, scenario, own), scenario.start, interval, instrument.first)
    response = instrument.response
    seen = {name: pulses(scenario.events, scenario.duration, name, response.get(name, 0.0)) for name in FIELDS}
    run = Run(instrument, scenario, nature, timeline, (), seen)
    view = run.view(0, 1)
    sigma_of = cache(lambda variable: sigma(instrument, variable, view, timeline))
    placed = [place(one, timeline, view, sigma_of) for one in own]
    gaps = [span for one in placed if one.fault.kind in _GAPS for span in one.spans]
    kept = tuple(_outside(one, gaps) for one in placed)
    return Run(instrument, scenario, nature, timeline, kept, seen)


def _clock(instrument: Instrument, scenario: Scenario, own: Iterable[Planned]) -> Clock:
    for one in own:
        if one.fault.kind == "clock":
            number = one.fault.number
            return Clock(scenario.duration, number("seconds_per_year"), number("quadratic"), number("step"),
                         number("step_at") * scenario.duration, instrument.ahead)  # fmt: skip
    return Clock(scenario.duration, instrument.drift, ahead=instrument.ahead)


def _outside(one: Planned, gaps: list[NDArray[np.int64]]) -> Planned:
    """Drop the occurrences of spikes and warm-ups of which nothing was taken."""
    if one.fault.kind not in ("spike", "warmup"):
        return one
    inside = np.zeros(len(one.spans), dtype=bool)
    for low, high in gaps:
        inside |= (one.spans[:, 0] >= low) & (one.spans[:, 1] <= high)
    return replace(one, spans=one.spans[~inside], signs=one.signs[~inside])
