"""Methane sensor behind a membrane: truth only, its raw format is not simulated yet."""

from typing import Any

from numpy.typing import NDArray

from ..instrument import Instrument, Sensor, View


def clean(view: View) -> dict[str, NDArray[Any]]:
    """Readings of a sound sensor; it cannot read less than nothing."""
    noise = INSTRUMENT.sensors["methane"].noise * view.noise("methane")
    return {"methane": (view.field("methane") + noise).clip(0.0)}


INSTRUMENT = Instrument(
    name="methane",
    model="membrane methane sensor",
    serial="SIM-CH4",
    sensors={"methane": Sensor(1.5, ("methane",))},
    clean=clean,
    drift=40.0,
    response={"methane": 600.0},
    first=1.0,
)
