"""From a value back to the bytes: every step and every flag on the way."""

from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lander import clock, companions, derived_group, events, evidence, flag_log, lazy, manual_flags, phase, store
from lander import derived as derived_quantities
from lander.deployment import SEPARATOR
from lander.errors import LanderError, RequestError
from lander.inventory import Stream, phase_path
from lander.source import Source
from lander.stages import phase as phase_stage
from lander.stages.level2 import months_around
from lander.store import Table
from qc import filler as fillers
from qc.check import RECORD, discover
from qc.flags import FILLED, MISSING, UNKNOWN, aggregate, get, meaning
from qc.plan import Plan, Planned

_OUTCOMES = ("not run", "pass", "suspect", "fail")

_NEIGHBOURS = 3
"""Samples shown on each side of a doubted one."""


@dataclass(frozen=True)
class _Place:
    """A sample of a stream: the month's files and the row in them."""

    stream: Stream
    month: str
    row: int
    time: int


def explain(source: Source, variable: str, time: Any, *, instrument: str | None = None) -> dict[str, Any]:
    """Tell how a value came about.

    Parameters
    ----------
    source
        The archive.
    variable
        Measured or derived, a scalar series.
    time
        UTC; the nearest sample within one sampling step is taken, or a filled value.
    instrument
        Needed where several measure the variable.

    Returns
    -------
    dict
        `variable`, `time`, `value`, `units`, `instrument`, `source` (file, sha256, offset, length), `steps` (stage,
        before, after, parameters), `flags` (test, result, threshold, value), `digest`: what JSON can hold.

    Raises
    ------
    LanderError
        There is neither a sample nor a filled value at that time; the message names the nearest sample.
    """
    wanted = lazy.bound(time, "start")
    place = _find(source, variable, wanted, instrument)
    return _Account(source, variable, place).tell()


def _find(source: Source, variable: str, wanted: int, instrument: str | None) -> _Place:
    nearest: _Place | None = None
    streams = source.providers(variable, instrument=instrument)
    for stream in streams:
        if len(stream.variables.get(variable, ("time",))) > 1:
            raise RequestError(f"{variable} has more dimensions than time: explain works on scalar series")
        for month in stream.months:
            entry = source.index.files.get(stream.path("L1", month))
            if entry is None or entry.first is None or entry.last is None:
                continue
            here = _nearest(source, stream, month, wanted)
            if nearest is None or abs(here.time - wanted) < abs(nearest.time - wanted):
                nearest = here
    if nearest is None:
        raise LanderError(f"the store holds no {variable} yet; `lander run {source.config.root}` makes it")
    filled = _filled_near(source, variable, nearest, wanted)
    if filled is not None:
        return filled
    tolerance = max(nearest.stream.step_seconds, 0.001) * 1e6
    if abs(nearest.time - wanted) > tolerance:
        raise RequestError(f"no sample of {variable} at {_iso(wanted)}; the nearest is at {_iso(nearest.time)}")
    return nearest


def _nearest(source: Source, stream: Stream, month: str, wanted: int) -> _Place:
    segment = lazy.segment_of(source.store, source.index.files[stream.path("L1", month)])
    after = segment.search(wanted, "left")
    rows = (max(after - 1, 0), min(after, segment.n - 1))
    row = min(rows, key=lambda one: abs(segment.time(one) - wanted))
    return _Place(stream, month, row, segment.time(row))


def _filled_near(source: Source, variable: str, nearest: _Place, wanted: int) -> _Place | None:
    """A filled value nearer than the nearest sample, as a place with row -1."""
    path = nearest.stream.path("L2", store.month_of(wanted))
    entry = source.index.files.get(path)
    name = f"{variable}_fill_time"
    if entry is None or name not in entry.digests:
        return None
    times = source.read(path, [name])[name].data
    if not times.size:
        return None
    row = int(np.argmin(np.abs(times - wanted)))
    near = abs(int(times[row]) - wanted)
    # As near as a sample, as for a bad one that was filled: the sample is what people ask about.
    if near > nearest.stream.step_seconds * 1e6 or near >= abs(nearest.time - wanted):
        return None
    return _Place(nearest.stream, store.month_of(wanted), -1 - row, int(times[row]))


class _Account:
    """Collects what the levels say of one sample."""

    def __init__(self, source: Source, variable: str, place: _Place) -> None:
        self._source = source
        self._variable = variable
        self._place = place
        self._stream = place.stream
        self._rows = slice(place.row, place.row + 1) if place.row >= 0 else slice(0, 0)

    def tell(self) -> dict[str, Any]:
        stream, place = self._stream, self._place
        if place.row < 0:
            return self._tell_filled()
        level1, level2 = self._read("L1"), self._read("L2")
        steps, source = self._origin(level1)
        steps.append(self._phase())
        if self._variable in stream.made:
            steps.append(self._derivation(level2))
            value = _scalar(level2[self._variable].values()[0])
        else:
            value = _scalar(level1[self._variable].values()[0])
        # What no check looks at, such as counts and status words, has no flags in the store.
        judged = f"{self._variable}_qc" in level2.columns
        flag = int(level2[f"{self._variable}_qc"].data[0]) if judged else int(UNKNOWN)
        flags = self._flags(level2, value) if judged else []
        automatic, said = self._manual(level2, flag)
        steps += self._events(level2, automatic)
        steps.append({"stage": "quality control", "before": value, "after": value,
                      "parameters": {"flag": automatic, "meaning": meaning(automatic)}})  # fmt: skip
        steps += said
        return self._answer(value, source, steps, flags, level2, flag)

    def _answer(self, value: Any, source: Any, steps: Any, flags: Any, level2: Table, flag: int) -> dict[str, Any]:
        from ingest import vocabulary

        instrument = self._stream.instrument
        return {
            "variable": self._variable,
            "time": _iso(self._place.time),
            "value": value,
            "units": vocabulary.lookup(self._variable).units,
            "flag": flag,
            "instrument": {"name": instrument.name, "model": instrument.model, "serial": instrument.serial,
                           "deployment": self._stream.deployment.id, "site": self._stream.deployment.site},
            "source": source,
            "steps": steps,
            "flags": flags,
            "record": self._record(level2) if self._place.row >= 0 else [],
            "digest": str(level2.attributes["recipe_digest"]),
        }  # fmt: skip

    def _read(self, level: str) -> Table:
        return self._source.read(self._stream.path(level, self._place.month), None, self._rows)

    def _origin(self, level1: Table) -> tuple[list[dict[str, Any]], dict[str, Any]]:
        """Steps from the bytes to L1, and where the bytes are."""
        number = int(level1["source_file"].data[0])
        file = str(level1["source_file_name"].data[number])
        offset, length = int(level1["source_offset"].data[0]), int(level1["source_length"].data[0])
        source: dict[str, Any] = {
            "file": file,
            "sha256": str(level1["source_file_sha256"].data[number]),
            "offset": offset,
            "length": length,
        }
        record = evidence.record(self._source.config.raw / file, offset, length)
        raw_file = self._source.config.raw / file
        decoded = evidence.decoded(raw_file, self._stream.instrument, self._stream.name, offset)
        own = self._own_variable()
        knots = _knots(level1)
        before = int(clock.to_instrument(level1["time"].data, knots)[0])
        steps: list[dict[str, Any]] = [
            {"stage": "raw bytes", "before": None, "after": record, "parameters": source},
            {"stage": "decode", "before": record, "after": None if own is None else _scalar(decoded.get(own)),
             "parameters": {"variable": own, "reader": decoded["reader"],
                            "calibration": self._stream.instrument.calibration.source}},
            {"stage": "clock", "before": _iso(before), "after": _iso(self._place.time),
             "parameters": {"checks": len(knots.utc), "seconds": (self._place.time - before) / 1e6,
                            "time_qc": int(level1["time_qc"].data[0])}},
        ]  # fmt: skip
        if own is not None:
            stored = level1[own]
            step = stored.attributes.get("scale_factor")
            steps.append({"stage": "store", "before": _scalar(decoded.get(own)), "after": _scalar(stored.values()[0]),
                          "parameters": {"step": None if step is None else float(step)}})  # fmt: skip
        return steps, source

    def _own_variable(self) -> str | None:
        if self._variable not in self._stream.made:
            return self._variable
        if self._variable not in self._stream.derived:
            return self._variable if self._variable in self._stream.measured else None
        return derived_quantities.discover()[self._variable].inputs[0]

    def _phase(self) -> dict[str, Any]:
        found, instrument = phase_stage.load(self._source.store, phase_path(self._stream.deployment))
        code = int(phase.at(np.array([self._place.time]), found)[0])
        name = phase.PHASE_MEANINGS.split()[phase.PHASE_VALUES.index(code)]
        parameters = {
            "instrument": instrument,
            "source": found.source,
            "uncertainty_seconds": found.uncertainty_seconds,
        }
        return {"stage": "deployment phase", "before": None, "after": name, "parameters": parameters}

    def _group_derivation(self, level2: Table) -> dict[str, Any]:
        """How a quantity came about that is derived together with others."""
        name, group = next(item for item in self._stream.groups.items() if self._variable in item[1].outputs)
        own = [one for one in group.inputs if self._stream.measured.get(one) == ("time",)]
        scalars = {one: _scalar(self._read("L1")[one].values()[0]) for one in own}
        found = {one: {"value": value, "instrument": self._stream.instrument.name} for one, value in scalars.items()}
        made = [one for one in ("sound_speed_ratio", "magnetic_declination") if one in level2.columns]
        return {
            "stage": "derive",
            "before": found | {one: {"value": _scalar(level2[one].values()[0])} for one in made},
            "after": _scalar(level2[self._variable].values()[0]),
            "parameters": {"method": group.method, "settings": dict(group.settings),
                           "references": list(derived_group.discover()[name].references)},
        }  # fmt: skip

    def _derivation(self, level2: Table) -> dict[str, Any]:
        if self._variable not in self._stream.derived:
            return self._group_derivation(level2)
        quantity = derived_quantities.discover()[self._variable]
        inputs = {}
        for name in quantity.needs:
            inputs[name] = self._input(name)
        settings = {key: self._stream.instrument.settings.get(key) for key in quantity.settings}
        return {
            "stage": "derive",
            "before": inputs,
            "after": _scalar(level2[self._variable].values()[0]),
            "parameters": {"method": quantity.method, "settings": settings, "references": list(quantity.references)},
        }

    def _input(self, name: str) -> dict[str, Any]:
        """An input of what is derived."""
        own = name in self._stream.measured or name in self._stream.derived
        stream = self._stream if own else self._source.providers(name, deployment=self._stream.deployment.id)[0]
        return self._near(stream, name)

    def _near(self, stream: Stream, name: str) -> dict[str, Any]:
        """A stream's value at, or nearest to, the sample's time."""
        level = stream.level_of(name)
        around = [month for month in months_around(self._place.month).values() if month in stream.months]
        if not around:
            return {"instrument": stream.instrument.name, "value": None, "flag": None}
        places = [_nearest(self._source, stream, month, self._place.time) for month in around]
        here = min(places, key=lambda place: abs(place.time - self._place.time))
        month = here.month
        rows = slice(here.row, here.row + 1)
        read = self._source.read
        value = read(stream.path(level, month), [name], rows)[name].values()[0]
        flags = read(stream.path("L2", month), [f"{name}_qc"], rows).columns.get(f"{name}_qc")
        return {
            "instrument": stream.instrument.name,
            "time": _iso(here.time),
            "value": _scalar(value),
            "flag": None if flags is None else int(flags.data[0]),
        }

    def _flags(self, level2: Table, value: Any) -> list[dict[str, Any]]:
        plan = Plan.from_json(str(level2.attributes["qc_plan"]))
        tests = level2[f"{self._variable}_qc_tests"].data
        around = self._neighbours()
        found = []
        for planned in plan.for_variable(self._variable):
            row = {**self._outcome(planned, tests), "value": value}
            doubted = row["result"] in ("suspect", "fail")
            found.append({**row, "neighbours": around, "inputs": self._inputs(planned)} if doubted else row)
        return found

    def _outcome(self, planned: Planned, tests: NDArray[np.uint64]) -> dict[str, Any]:
        speaks = discover()[planned.check].speaks
        said = asdict(planned.params) if speaks is None else speaks(planned.params, self._place.time)
        return {"test": planned.check, "result": _OUTCOMES[int(get(tests, planned.slot)[0])], "threshold": dict(said)}

    def _record(self, level2: Table) -> list[dict[str, Any]]:
        """What the tests of the record itself say of the sample."""
        plan, name = Plan.from_json(str(level2.attributes["qc_plan"])), f"{RECORD}_qc_tests"
        if name not in level2.columns:
            return []
        return [self._outcome(planned, level2[name].data) for planned in plan.for_variable(RECORD)]

    def _neighbours(self) -> list[dict[str, Any]]:
        """The samples before and after in the month's file, with their values."""
        low = max(self._place.row - _NEIGHBOURS, 0)
        rows = slice(low, self._place.row + _NEIGHBOURS + 1)
        path = self._stream.path(self._stream.level_of(self._variable), self._place.month)
        table = self._source.read(path, ["time", self._variable], rows)
        pairs = zip(table["time"].data.tolist(), table[self._variable].values(), strict=True)
        return [{"time": _iso(time), "value": _scalar(one)} for time, one in pairs if time != self._place.time]

    def _inputs(self, planned: Planned) -> dict[str, Any]:
        """Further variables that a test read, at the sample or, of other instruments, nearest to it."""
        found = {}
        for name in discover()[planned.check].needs(planned.params):
            own = self._stream if self._stream.variables.get(name) == ("time",) else None
            stream = own or companions.find(name, self._stream, self._source.streams)
            if stream is not None:
                found[name] = self._near(stream, name.rpartition(SEPARATOR)[2])["value"]
        return found

    def _events(self, level2: Table, flag: int) -> list[dict[str, Any]]:
        """The event during which the sample was taken, and the flag before and after it had its say."""
        number = int(level2["event"].data[0]) if "event" in level2.columns else 0
        if not number:
            return []
        known = events.occurrences(self._source, deployment=self._stream.deployment.id)
        found = next((one for one in known if one.event == number), None)
        if found is None:
            return []
        parameters = {
            "event": number,
            "meaning": events.describe(found),
            "start": _iso(found.start),
            "end": _iso(found.end),
            "variables": list(found.variables),
            "instruments": list(found.instruments),
            "confirmed": found.confirmed,
        }
        return [{"stage": "event", "before": self._by_tests(level2), "after": flag, "parameters": parameters}]

    def _manual(self, level2: Table, flag: int) -> tuple[int, list[dict[str, Any]]]:
        """The flag before people had their say, and who said what and why, where somebody did."""
        name = f"{self._variable}{manual_flags.ID_SUFFIX}"
        number = int(level2[name].data[0]) if name in level2.columns else 0
        if not number:
            return flag, []
        automatic = int(level2[f"{self._variable}{manual_flags.AUTOMATIC_SUFFIX}"].data[0])
        log = flag_log.read(self._source.config.root)
        return automatic, [manual_flags.step(log, number, automatic, flag)]

    def _by_tests(self, level2: Table) -> int | None:
        """The flag that the tests alone give."""
        name = self._variable
        if f"{name}_qc_tests" not in level2.columns:
            return None
        plan = Plan.from_json(str(level2.attributes["qc_plan"]))
        missing = level2[f"{name}_qc"].data == MISSING
        return int(aggregate(level2[f"{name}_qc_tests"].data, missing, plan.required(name))[0])

    def _tell_filled(self) -> dict[str, Any]:
        level2 = self._source.read(self._stream.path("L2", self._place.month))
        row = -1 - self._place.row
        name = self._variable
        value = _scalar(level2[f"{name}_filled"].values()[row])
        sigma = _scalar(level2[f"{name}_filled_uncertainty"].values()[row])
        methods = {filler.code: filler.name for filler in fillers.discover().values()}
        step = {
            "stage": "fill",
            "before": None,
            "after": value,
            "parameters": {"method": methods[int(level2[f"{name}_fill_method"].data[row])], "uncertainty": sigma},
        }
        return self._answer(value, None, [self._phase(), step], [], level2, FILLED)


def _knots(level1: Table) -> clock.Knots:
    if "clock_knot_utc" not in level1.columns:
        return clock.Knots(np.zeros(0, np.int64), np.zeros(0, np.int64))
    return clock.Knots(level1["clock_knot_instrument"].data, level1["clock_knot_utc"].data)


def _scalar(value: Any) -> float | int | None:
    plain = value.item() if hasattr(value, "item") else value
    if isinstance(plain, float) and not np.isfinite(plain):
        return None
    return plain  # type: ignore[no-any-return]


def _iso(time_us: int) -> str:
    return f"{np.datetime64(time_us, 'us')}Z"
