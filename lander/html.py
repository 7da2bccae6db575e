"""An archive as a tree in Jupyter."""

from collections.abc import Sequence
from html import escape

import numpy as np

from ingest import vocabulary
from lander.deployment import ArchiveConfig, Deployment, Instrument
from lander.index import Index
from lander.inventory import Stream

_STYLE = (
    "<style>.lander-tree{font-family:sans-serif;font-size:90%}.lander-tree details{margin-left:1.2em}"
    ".lander-tree table{margin:.2em 0 .4em 1.2em;border-collapse:collapse}.lander-tree td,.lander-tree th"
    "{text-align:left;padding:.1em .8em .1em 0}.lander-tree .n{text-align:right}"
    ".lander-tree .dim{opacity:.65}</style>"
)


def archive(config: ArchiveConfig, streams: Sequence[Stream], index: Index) -> str:
    """Sites, deployments, instruments and variables as nested HTML; everything people wrote is escaped."""
    parts = [_STYLE, f'<div class="lander-tree"><b>{escape(config.title)}</b> ']
    parts.append(f'<span class="dim">{escape(str(config.root))} · {escape(config.licence)}</span>')
    for site in config.sites:
        own = [one for one in config.deployments if one.site == site.code]
        parts.append(f"<details open><summary>site <b>{escape(site.code)}</b> {escape(site.name)}</summary>")
        parts += [_deployment(one, streams, index) for one in sorted(own, key=lambda one: (one.start, one.id))]
        parts.append("</details>")
    return "".join([*parts, "</div>"])


def _deployment(deployment: Deployment, streams: Sequence[Stream], index: Index) -> str:
    position = deployment.position
    depth = "" if deployment.water_depth is None else f", {deployment.water_depth:g} m"
    where = f"{abs(position.latitude):.4f}° {'N' if position.latitude >= 0 else 'S'}, "
    where += f"{abs(position.longitude):.4f}° {'E' if position.longitude >= 0 else 'W'}{depth}"
    when = f"{_day(deployment.start)} to {_day(deployment.end)}"
    head = f'<summary><b>{escape(deployment.id)}</b> {when} <span class="dim">{where}</span></summary>'
    rows = [_instrument(deployment, instrument, streams, index) for instrument in deployment.instruments]
    return f"<details open>{head}{''.join(rows)}</details>"


def _instrument(deployment: Deployment, instrument: Instrument, streams: Sequence[Stream], index: Index) -> str:
    own = [one for one in streams if one.deployment == deployment and one.instrument == instrument]
    what = f"{escape(instrument.model)}, serial {escape(instrument.serial)}"
    head = f"<summary><b>{escape(instrument.name)}</b> {what}</summary>"
    if not own:
        return f'<details>{head}<span class="dim">no data yet: run <code>lander run</code></span></details>'
    return f"<details>{head}{''.join(_stream(one, index) for one in own)}</details>"


def _stream(stream: Stream, index: Index) -> str:
    entries = [index.files[path] for month in stream.months if (path := stream.path("L1", month)) in index.files]
    n = sum(entry.n for entry in entries)
    first = min((entry.first for entry in entries if entry.first is not None), default=None)
    last = max((entry.last for entry in entries if entry.last is not None), default=None)
    span = "" if first is None or last is None else f"{_second(first)} to {_second(last)} UTC"
    rows = "".join(_variable(name, stream) for name in stream.variables)
    return (
        f'<div style="margin-left:1.2em">{escape(stream.name)}: {n:,} samples, {span}</div>'
        f"<table><tr><th>variable</th><th>units</th><th>meaning</th></tr>{rows}</table>"
    )


def _variable(name: str, stream: Stream) -> str:
    variable = vocabulary.lookup(name)
    note = " (derived)" if name in stream.made else ""
    return (
        f"<tr><td><code>{escape(name)}</code></td><td>{escape(variable.units)}</td>"
        f"<td>{escape(variable.long_name)}{note}</td></tr>"
    )


def _day(moment: np.datetime64) -> str:
    return str(moment.astype("datetime64[D]"))


def _second(time_us: int) -> str:
    return str(np.datetime64(time_us, "us").astype("datetime64[s]")).replace("T", " ")
