"""A month of CTD and optode that people flag, and what tests of that share."""

from pathlib import Path

import numpy as np

import lander
from lander import store

CTD, OPTODE = "sitef/one/ctd/samples/L2", "sitef/one/optode/samples/L2"
SEPTEMBER, OCTOBER = "2016-09", "2016-10"
START, END = "2016-09-17T00:00:00Z", "2016-09-17T05:00:00Z"
SAID = {"why": "sampler fired beside it", "who": "Ada"}


def level2(archive: Path, folder: str = CTD, when: str = SEPTEMBER) -> store.Table:
    return store.read(archive / "store" / folder / f"{when}.nc")


def between(table: store.Table, start: str, end: str) -> np.ndarray:
    low, high = (int(np.datetime64(one.removesuffix("Z"), "us").astype(np.int64)) for one in (start, end))
    return (table["time"].data >= low) & (table["time"].data < high)


def flagged(archive: Path, variable: str = "temperature", start: object = START, end: object = END, **keys) -> int:
    return lander.open(archive).flag(variable, start, end, **{"flag": 4, **SAID, **keys})
