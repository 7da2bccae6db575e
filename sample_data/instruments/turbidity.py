"""Turbidity sensor: truth only, its raw format is not simulated yet."""

from typing import Any

from numpy.typing import NDArray

from ..instrument import Instrument, Sensor, View


def clean(view: View) -> dict[str, NDArray[Any]]:
    """Readings of a sound sensor; it cannot read less than nothing."""
    noise = INSTRUMENT.sensors["turbidity"].noise * view.noise("turbidity")
    return {"turbidity": (view.field("turbidity") + noise).clip(0.0)}


INSTRUMENT = Instrument(
    name="turbidity",
    model="backscatter turbidity sensor",
    serial="SIM-NTU",
    sensors={"turbidity": Sensor(0.01, ("turbidity",))},
    clean=clean,
    drift=40.0,
    response={"turbidity": 1.0},
    first=1.0,
)
