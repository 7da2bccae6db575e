"""The reference states no values, only how many profiles there are in a minute, and the cells."""

import numpy as np

READER = "sontek_adp"
FORMATS = ("sontek_adp",)
MAIN = "profile"
NAMES: dict[str, object] = {}
# The reference's distances begin at the end of the blanking; ours are those of the middle of each cell, by the maker.
DEVIATIONS: dict[tuple[str, str], str] = {}
NOT_YET: dict[str, str] = {}


def _records(decoded, expected):
    """Profiles of the minute and a half that the reference counts, in whole seconds, and the shape of the first ten."""
    profile = decoded.streams[MAIN]
    seconds = profile["time"].values.astype("datetime64[s]")
    window = (seconds >= np.datetime64("2008-06-25T10:00:40")) & (seconds <= np.datetime64("2008-06-25T10:01:30"))
    stated = expected["oce_assertions"]
    shape = [min(10, profile.sizes["time"]), profile.sizes["cell"], profile.sizes["beam"]]
    wanted = [*stated["first 10 profiles v dim [time,cell,beam]"],
              stated["profiles with 2008-06-25T10:00:40Z <= t <= 10:01:30Z"]]  # fmt: skip
    return [*shape, int(window.sum())], wanted, profile["time"].values


RECORDS = _records
