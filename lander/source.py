"""An archive as it was when it was opened: its streams, and its files also while a run replaces them."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Self

from lander import inventory, store, units
from lander.deployment import ArchiveConfig, Deployment
from lander.errors import RequestError, StoreError
from lander.index import Index
from lander.inventory import Stream
from lander.store import Table, Version


@dataclass(frozen=True)
class Source:
    """Where series come from.

    Attributes
    ----------
    config
        What people say.
    index
        What the store held when the archive was opened.
    store
        Its folder.
    streams
        What the raw files gave.
    """

    config: ArchiveConfig
    index: Index
    store: Path
    streams: tuple[Stream, ...]

    @classmethod
    def of(cls, config: ArchiveConfig, index: Index, store: Path) -> Self:
        """Find the streams of an archive."""
        return cls(config, index, store, tuple(inventory.streams(config, index)))

    @property
    def deployments(self) -> dict[str, Deployment]:
        """Deployments by id, in order of their start."""
        ordered = sorted(self.config.deployments, key=lambda one: (one.start, one.id))
        return {deployment.id: deployment for deployment in ordered}

    @property
    def variables(self) -> tuple[str, ...]:
        """Every scalar variable that some stream holds."""
        return tuple(sorted({name for stream in self.streams for name in stream.series}))

    def providers(
        self, variable: str, *, site: str | None = None, deployment: str | None = None, instrument: str | None = None
    ) -> tuple[Stream, ...]:
        """Streams whose values make a variable's series, in order of their deployments; see `Archive.providers`."""
        found = []
        for one in self.deployments.values():
            if (site is None or one.site == site) and (deployment is None or one.id == deployment):
                stream = inventory.provider(variable, one, self.streams, instrument)
                if stream is not None:
                    found.append(stream)
        if not found:
            raise RequestError(self._absent(variable, (site, deployment, instrument)))
        for stream in found:
            if variable in stream.lacking:
                raise RequestError(f"no {variable} over true north: {stream.lacking[variable]}")
        sites = sorted({stream.deployment.site for stream in found})
        if len(sites) > 1:
            raise inventory.AmbiguousVariableError(
                f"{variable} is measured at sites {', '.join(sites)}: name one with `site=`"
            )
        return tuple(found)

    def _absent(self, variable: str, asked: tuple[str | None, str | None, str | None]) -> str:
        """Say what there is instead, or why it cannot be made."""
        for stream in self.streams:
            names = (stream.deployment.site, stream.deployment.id, stream.instrument.name)
            meant = all(wanted in (None, name) for wanted, name in zip(asked, names, strict=True))
            if meant and variable in stream.lacking:
                return f"no {variable}: {stream.lacking[variable]}"
        owners = sorted(
            f"{stream.instrument.name} of {stream.deployment.id} at {stream.deployment.site}"
            for stream in self.streams
            if stream.holds(variable)
        )
        if owners:
            return f"no series of {variable!r} by what was asked for; it is measured by {', '.join(owners)}"
        near = units.nearest(variable, self.variables) or next((one for one in self.variables if variable in one), None)
        if near:
            return f"no series of {variable!r} here; did you mean {near!r}?"
        return f"no series of {variable!r} here; there are: {', '.join(self.variables) or 'none'}"

    def version(self, path: str) -> Version | None:
        """A file as the index knows it; None where there is none."""
        entry = self.index.files.get(path)
        return None if entry is None else entry.version

    def read(self, path: str, names: Sequence[str] | None = None, rows: slice = slice(None)) -> Table:
        """Read a file as it was when the archive was opened, also while a run replaces it.

        Raises
        ------
        StoreError
            There is none, or it is damaged.
        """
        version = self.version(path)
        if version is None:
            raise StoreError(f"{path}: not in the store; `lander status {self.config.root}` says why")
        return store.read_version(self.store, version, names, rows)
