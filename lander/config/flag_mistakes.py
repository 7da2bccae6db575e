"""Mistakes in the log of manual flags: damaged lines, and names that the configuration does not know."""

from collections.abc import Iterable, Iterator, Mapping, Sequence

from ingest import vocabulary
from lander.config.file import Document, Mistake
from lander.flag_lines import LOG_NAME, FlagLog, ManualFlag
from lander.units import nearest


def flag_mistakes(log: FlagLog, deployments: Sequence[Document], *, harmless: bool) -> Iterator[Mistake]:
    """Find what is wrong with the log.

    Parameters
    ----------
    log
        As it was read.
    deployments
        The files of deployments.
    harmless
        Whether lines without effect count, too: a run goes on without them.
    """
    for fault in log.faults:
        if harmless or not fault.harmless:
            yield Mistake(LOG_NAME, fault.line, fault.key, fault.found, fault.expected, fault.suggestion)
    instruments = {document.text("id"): tuple(document.keys("instruments")) for document in deployments}
    known = {name: owned for name, owned in instruments.items() if name is not None}
    for flag in log.active:  # a flag that was taken back may name what is no longer there
        yield from _names(flag, known)


def _names(flag: ManualFlag, instruments: Mapping[str, Sequence[str]]) -> Iterator[Mistake]:
    if flag.variable not in vocabulary.table():
        yield _unknown(flag, "variable", flag.variable, vocabulary.table(), "a name of the vocabulary")
    if flag.deployment not in instruments:
        yield _unknown(flag, "deployment", flag.deployment, instruments, "the id of a deployment file")
        return
    name = flag.instrument.partition("/")[0]
    if name not in instruments[flag.deployment]:
        expected = f"an instrument of {flag.deployment}"
        yield _unknown(flag, "instrument", name, instruments[flag.deployment], expected)


def _unknown(flag: ManualFlag, key: str, name: str, right: Iterable[str], expected: str) -> Mistake:
    return Mistake(LOG_NAME, flag.line, key, f"unknown {key} {name!r}", expected, nearest(name, right))
