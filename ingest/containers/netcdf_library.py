"""Read NetCDF files in a process of its own: see `ingest.apart`; imports nothing of this package.

HDF5 2.2 frees memory twice on three changed bytes of an attribute, which ends the process; found by fuzzing.
"""

import math
import pickle
import struct
import sys
from collections.abc import Mapping
from typing import Any

import netCDF4
import numpy as np

MOST_RATIO = 500
"""Of values to the file's bytes: HDF5 packs a thousandfold at most, but values that nobody wrote without limit."""

ANY_RATIO = 64 * 1024**2  # a ratio says nothing about less than this
_COUNT = struct.Struct("<q")


class PromiseError(Exception):
    """More values than the file's bytes can hold; the message says how many."""


def read(request: Mapping[str, Any]) -> dict[str, Any]:
    """Everything in a file.

    Parameters
    ----------
    request
        `name`, `size` in bytes, and its `content`, or the `path` at which the library opens it itself.

    Returns
    -------
    dict
        `texts`, the global attributes, and `variables`: name, dimensions, stored numbers and attributes of each; or
        `refused`, why not.
    """
    try:
        if request["content"] is None:
            opened = netCDF4.Dataset(request["path"], "r")
        else:
            opened = netCDF4.Dataset(request["name"], "r", memory=request["content"])
        with opened as dataset:
            dataset.set_auto_maskandscale(False)
            dataset.set_auto_chartostring(True)
            _check_promise(dataset, request["size"])
            texts = {name: dataset.getncattr(name) for name in dataset.ncattrs()}
            return {"texts": texts, "variables": [_variable(one) for one in dataset.variables.values()]}
    except PromiseError as error:
        return {"refused": str(error)}
    except Exception as error:  # the library raises errors of many kinds on damaged files, RuntimeError among them
        return {"refused": f"the NetCDF file is cut or damaged ({type(error).__name__}: {error})"}


def _check_promise(dataset: Any, size: int) -> None:
    widths = {one.name: 8 if one.dtype is str else np.dtype(one.dtype).itemsize for one in dataset.variables.values()}
    promised = sum(widths[one.name] * math.prod(one.shape) for one in dataset.variables.values())
    if promised > max(ANY_RATIO, MOST_RATIO * size):
        raise PromiseError(
            f"the NetCDF file of {size} bytes promises {promised} bytes of values; at most {MOST_RATIO} times its "
            "size are read: it is damaged, or most of it was never written; copy the part that was"
        )


def _variable(variable: Any) -> tuple[str, tuple[str, ...], Any, dict[str, Any]]:
    attributes = {name: variable.getncattr(name) for name in variable.ncattrs()}
    return variable.name, tuple(variable.dimensions), np.asarray(variable[...]), attributes


def serve() -> None:
    """Answer requests on standard input until it closes."""
    source, sink = sys.stdin.buffer, sys.stdout.buffer
    while length := source.read(_COUNT.size):
        request = pickle.loads(source.read(_COUNT.unpack(length)[0]))
        buffers: list[pickle.PickleBuffer] = []
        answer = pickle.dumps(read(request), protocol=5, buffer_callback=buffers.append)
        parts = [memoryview(answer), *(one.raw() for one in buffers)]
        sink.write(_COUNT.pack(len(parts)))
        for part in parts:
            sink.write(_COUNT.pack(part.nbytes))
            sink.write(part)
        sink.flush()


if __name__ == "__main__":
    serve()
