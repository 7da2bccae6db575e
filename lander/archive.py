"""What `lander.open` returns: an archive as people see it, in Jupyter and from the command line."""

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import xarray as xr

from lander import config as configuration
from lander import events, explain, flag_log, flagging, html, lazy, pipeline, quality, series
from lander.deployment import ArchiveConfig, Deployment, Instrument, Site
from lander.errors import RequestError
from lander.index import Index
from lander.inventory import Stream
from lander.source import Source

if TYPE_CHECKING:
    import pandas as pd

TimeLike = str | np.datetime64


class Archive:
    """An archive: its sites, deployments and instruments, and the series they gave.

    Parameters
    ----------
    root
        Folder with `archive.yaml`.
    """

    def __init__(self, root: Path) -> None:
        self.root = root
        self.config: ArchiveConfig = configuration.load(root)
        self.source = Source.of(self.config, pipeline.read_index(self.config), root / pipeline.STORE_NAME)

    @property
    def store(self) -> Path:
        """Folder of the store."""
        return self.source.store

    @property
    def index(self) -> Index:
        """What the store held when the archive was opened."""
        return self.source.index

    @property
    def streams(self) -> tuple[Stream, ...]:
        """What the raw files gave."""
        return self.source.streams

    @property
    def sites(self) -> dict[str, Site]:
        """Sites by code."""
        return {site.code: site for site in self.config.sites}

    @property
    def deployments(self) -> dict[str, Deployment]:
        """Deployments by id, in order of their start."""
        return self.source.deployments

    @property
    def instruments(self) -> dict[tuple[str, str], Instrument]:
        """Instruments by (deployment, name)."""
        return {
            (deployment.id, instrument.name): instrument
            for deployment in self.deployments.values()
            for instrument in deployment.instruments
        }

    @property
    def variables(self) -> tuple[str, ...]:
        """Every scalar variable that some stream holds."""
        return self.source.variables

    def __repr__(self) -> str:
        lines = [f"<lander archive {self.config.title!r} at {self.root}>"]
        for deployment in self.deployments.values():
            stay = f"{_second(deployment.start)} to {_second(deployment.end)} UTC"
            lines.append(f"  {deployment.site} / {deployment.id}  {stay}")
            lines += [f"    {line}" for line in self._instrument_lines(deployment)]
        return "\n".join(lines)

    def _repr_html_(self) -> str:
        return html.archive(self.config, self.streams, self.index)

    def _instrument_lines(self, deployment: Deployment) -> Iterator[str]:
        for instrument in deployment.instruments:
            own = [one for one in self.streams if one.deployment == deployment and one.instrument == instrument]
            names = ", ".join(name for stream in own for name in stream.variables) or "no data yet"
            yield f"{instrument.name} ({instrument.model}, serial {instrument.serial}): {names}"

    def providers(
        self, variable: str, *, site: str | None = None, deployment: str | None = None, instrument: str | None = None
    ) -> tuple[Stream, ...]:
        """Streams whose values make a variable's series, in order of their deployments.

        Raises
        ------
        AmbiguousVariableError
            Several instruments of one deployment measure it and none is named; or several sites do.
        LanderError
            Nothing measures it.
        """
        return self.source.providers(variable, site=site, deployment=deployment, instrument=instrument)

    def series(  # noqa: PLR0913 - what people narrow a series by
        self,
        variable: str,
        *,
        site: str | None = None,
        deployment: str | None = None,
        instrument: str | None = None,
        start: TimeLike | None = None,
        end: TimeLike | None = None,
        filled: bool = False,
    ) -> xr.Dataset:
        """A variable's series over all deployments of a site, read where it is looked at.

        Parameters
        ----------
        variable
            Name in the vocabulary.
        site, deployment, instrument
            Narrow the choice; needed where several measure the variable.
        start, end
            UTC, both included; the same as `.sel(time=slice(start, end))`.
        filled
            Merge the filled values in, with flag 8 and their 1-sigma `<variable>_uncertainty`. The time between
            `start` and `end` is then read at once.

        Returns
        -------
        Dataset
            Dask-backed `<variable>` and `<variable>_qc` along `time`, and `deployment` as a number into the attribute
            `deployments`. Time is selected by the months' bounds: no index is built.

        Raises
        ------
        LanderError
            Nothing measures the variable, or several do and none is named.
        """
        streams = self.providers(variable, site=site, deployment=deployment, instrument=instrument)
        dataset = series.assemble(self.source, variable, streams)
        if start is not None or end is not None:
            dataset = dataset.sel(time=slice(start, end))
        return series.with_fill(self.source, variable, streams, dataset) if filled else dataset

    def product(
        self,
        product: str,
        variable: str,
        *,
        site: str | None = None,
        start: TimeLike | None = None,
        end: TimeLike | None = None,
    ) -> xr.Dataset:
        """Rows of a product of one variable, such as `product("one_minute", "temperature")`, read at once.

        Parameters
        ----------
        product
            Name of a product.
        variable
            Scalar variable of the vocabulary.
        site
            Needed where there are several.
        start, end
            UTC, both included.
        """
        code = site or self._only_site()
        prefix = "/".join((code, "L3", product, variable)) + "/"
        low, high = lazy.bound(start, "start"), lazy.bound(end, "end")
        entries = [
            entry
            for path, entry in sorted(self.index.files.items())
            if path.startswith(prefix) and entry.first is not None and entry.last is not None
            if entry.first <= high and entry.last >= low
        ]
        if not entries:
            raise RequestError(f"no {product} of {variable!r} at {code} in that time; `lander run` makes products")
        tables = [self.source.read(entry.path) for entry in entries]
        rows = series.alike([series.product_dataset(table, low, high) for table in tables])
        return xr.concat(rows, "time", data_vars="minimal",
                         coords="minimal", compat="override", join="override", combine_attrs="override")  # fmt: skip

    def events(self, *, site: str | None = None, deployment: str | None = None) -> "pd.DataFrame":
        """Events that the sensors saw, one row each, in order of time within each deployment.

        Parameters
        ----------
        site, deployment
            Narrow the choice.

        Returns
        -------
        DataFrame
            `site`, `deployment`, `event` (id over the deployment: the value of `event` in L2), `start`, `end` (UTC),
            `variables` and `instruments` that showed it, and `confirmed`: whether several sensors did within three
            response times; else one sensor alone saw it, and it is kept as well.
        """
        return events.frame(self.source, site=site, deployment=deployment)

    def flag(  # noqa: PLR0913 - what a manual flag consists of
        self,
        variable: str,
        start: Any,
        end: Any = None,
        *,
        flag: int,
        why: str,
        who: str | None = None,
        deployment: str | None = None,
        instrument: str | None = None,
    ) -> int:
        """Flag values by hand: one more line in `flags.jsonl`, which the next `lander run` applies after all tests.

        Parameters
        ----------
        variable
            Measured or derived; of a profile all cells are meant.
        start, end
            The interval [start, end), UTC: ISO 8601 text, datetime or datetime64. Without an end, the samples nearest
            to `start`, which may be several times.
        flag
            OceanSITES code.
        why
            The reason.
        who
            A name; without one the environment variable LANDER_WHO or the name of the login says it. What is an
            e-mail address (or its part before the @) or an ORCID of archive.yaml becomes that person's name.
        deployment, instrument
            Needed where several measured the variable then.

        Returns
        -------
        int
            The flag's id, for `unflag`.

        Raises
        ------
        RequestError
            Something is not there, ambiguous or means nothing; nothing is written then.
        """
        wanted = flagging.Wanted(variable, start, end, flag, why, who, deployment, instrument)
        return flagging.add(self.source, wanted).flag.id

    def unflag(self, flag: int, *, why: str, who: str | None = None) -> None:
        """Take a manual flag back, by its id: one more line in `flags.jsonl`; the next `lander run` goes by it."""
        flagging.undo(self.root, flag, why, flagging.author(who, self.config.people))

    def flags(self) -> "pd.DataFrame":
        """Every manual flag, also those undone, one row each in the order of the log, by id.

        Returns
        -------
        DataFrame
            What was flagged (`deployment`, `instrument`, `variable`, `start`, `end`; `points` is the number of single
            samples, where it is no interval), `flag`, `who`, `when`, `why`; `records` is how many of the store carried
            it when the archive was opened; `undone`, `undone_who`, `undone_why` where it was taken back. Times are UTC.
        """
        return flagging.frame(flag_log.read(self.root), flagging.carried(self.source))

    def plan(self) -> "pd.DataFrame":
        """Quality control as it is at work: defaults, changed by archive, site and instrument, one row a check.

        Returns
        -------
        DataFrame
            `deployment`, `instrument`, `stream`, `variable` ("record" for the record itself), `check`, `required`
            (whether flag 1 takes its pass) and `parameters`, as a dict: durations in seconds, bounds in the
            variable's units.
        """
        import pandas as pd

        return pd.DataFrame(quality.plan_rows(self.config, self.streams), columns=quality.PlanRow._fields)

    def _only_site(self) -> str:
        if len(self.sites) != 1:
            raise RequestError(f"there are sites {', '.join(self.sites)}: name one with `site=`")
        return next(iter(self.sites))

    def explain(self, variable: str, time: TimeLike, *, instrument: str | None = None) -> dict[str, Any]:
        """From a value back to the bytes: see `lander.explain.explain`."""
        return explain.explain(self.source, variable, time, instrument=instrument)


def _second(moment: np.datetime64) -> str:
    return str(moment.astype("datetime64[s]")).replace("T", " ")
