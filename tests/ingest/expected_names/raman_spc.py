from functools import partial

from tests.ingest.expected_names import Calculated

READER = "raman_spc"
FORMATS = ("raman_spc",)
MAIN = "spectra"
_AXES = ("raman_shift", "wavenumber", "wavelength", "spectral_axis")


def _x(number, decoded, count):
    dataset = decoded.streams[MAIN]
    return next(dataset[name].values for name in _AXES if name in dataset.coords)


def _y(number, decoded, count):
    return decoded.streams[MAIN]["spectral_intensity"].values[number]


NAMES = {
    **{f"sub{number}.x": Calculated(partial(_x, number)) for number in range(500)},
    **{f"sub{number}.y": Calculated(partial(_y, number)) for number in range(500)},
}
DEVIATIONS: dict[tuple[str, str], str] = {}
NOT_YET: dict[str, str] = {}
