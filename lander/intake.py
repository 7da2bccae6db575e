"""What a run takes in: raw files as they are now, and the recipe that the samples of each hang on. Changes nothing."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import ingest
from lander import catalog, engine
from lander.catalog import Found, Identity
from lander.deployment import ArchiveConfig
from lander.index import Index
from lander.stages import decode

Identify = Callable[[Sequence[Path]], Iterable[tuple[Path, Identity | str]]]


@dataclass
class Intake:
    """Raw files that the configuration names.

    Attributes
    ----------
    jobs
        One a file, whether it is to be decoded or not.
    unreadable
        By path: why its bytes cannot be looked at. What was made from it before stands.
    refused
        By path: why it cannot be taken in.
    """

    jobs: list[decode.Job] = field(default_factory=list)
    unreadable: dict[str, str] = field(default_factory=dict)
    refused: dict[str, str] = field(default_factory=dict)

    @property
    def paths(self) -> set[str]:
        """Files whose samples belong into the store."""
        return {job.found.path for job in self.jobs} | self.unreadable.keys()


def look(config: ArchiveConfig, root: Path, index: Index, identify: Identify, only: str | None = None) -> Intake:
    """Find the raw files and what they are by digest; only those that changed are hashed.

    Parameters
    ----------
    config
        The archive.
    root
        The store that they are decoded into.
    index
        What was known of them.
    identify
        Hashes files: gives each path with its identity, or with the reason why it cannot be read.
    only
        A deployment's id: the files of others are not looked at.
    """
    intake = Intake()
    found = [one for one in _owned(config, intake.refused) if only in (None, one.deployment.id)]
    known = {one.path: catalog.known(config.raw, one.path, index) for one in found}
    hashed = dict(identify([config.raw / path for path, identity in known.items() if identity is None]))
    described = catalog.descriptions(config.raw, known)
    settings: dict[int, Mapping[str, Any]] = {}
    for one in found:
        identity = known[one.path] or hashed[config.raw / one.path]
        if isinstance(identity, str):
            intake.unreadable[one.path] = identity
            continue
        own = settings.setdefault(id(one.instrument), _settings(one))
        beside = _beside(described.get(one.path, ()))
        reader = _reader(config.raw, one.path, identity, index, described=bool(beside))
        recipe = recipe_of(one.path, identity.sha256, reader, {**own, **beside})
        intake.jobs.append(decode.Job(root, config.raw, one, identity, recipe))
    return intake


def _owned(config: ArchiveConfig, refused: dict[str, str]) -> list[Found]:
    """Files that one instrument names; a file of two would be counted twice, or change hands with every run."""
    owners: dict[str, list[Found]] = {}
    for one in catalog.find(config):
        owners.setdefault(one.path, []).append(one)
    for path, claims in owners.items():
        if len(claims) > 1:
            names = " and ".join(f"{one.deployment.id}/{one.instrument.name}" for one in claims)
            refused[path] = f"the `raw:` patterns of {names} both name it: make them name files of their own"
    return [claims[0] for claims in owners.values() if len(claims) == 1]


def recipe_of(path: str, sha256: str, reader: str, settings: Mapping[str, Any]) -> str:
    """Digest of all that a file's samples hang on; its path is there so that two copies never share a work folder."""
    content = {"version": decode.VERSION, "path": path, "sha256": sha256, "reader": reader, **settings}
    return engine.digest_of(content)


def _settings(found: Found) -> Mapping[str, Any]:
    instrument = found.instrument
    coefficients = instrument.calibration.coefficients
    return {
        "calibration": None if coefficients is None else dict(coefficients),
        "clock": [[str(check.instrument), str(check.utc)] for check in instrument.clock_checks],
        "window": [str(found.deployment.start), str(found.deployment.end)],
    }


def _beside(files: Sequence[Path]) -> Mapping[str, Any]:
    """What stands in the files beside that describe a raw file, by digest; nothing where there are none."""
    found = {one.name: catalog.identify(one) for one in files}
    told = {name: each if isinstance(each, str) else each.sha256 for name, each in found.items()}
    return {"beside": told} if told else {}


def _reader(raw: Path, path: str, identity: Identity, index: Index, *, described: bool) -> str:
    """Reader and version that a file is decoded with; every reader's where none claims it, to try again later.

    The one that took the same bytes before, unless a file beside says, or said, how they are read.
    """
    readers = ingest.discover()
    before = index.raw.get(path)
    if before is not None and before.sha256 == identity.sha256 and not described:
        known = readers.get(before.reader.split(" ")[0])
        if known is not None and known.beside is None:
            return _label(known)
    try:
        with ingest.BlockDecoder(raw / path) as pieces:  # as decoding will: also by a file beside, inside of an archive
            return _label(pieces.reader)
    except ingest.IngestError:  # decoding it says what is wrong
        return " ".join(_label(reader) for reader in readers.values())


def _label(reader: ingest.Reader) -> str:
    return f"{reader.name} {reader.version}"
