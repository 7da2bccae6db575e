"""What a Sea-Bird 37-IM sends over an inductive modem: counts of values that it has converted itself.

References
----------
Sea-Bird Scientific, SBE 37-IM manual, data formats: t / 10000 - 10; c / 100000 - 0.5; p range / (0.85 65536) - 0.05
range, the range in decibars without 14.7 psi of air.
"""

from ingest.calibration.sea_bird import AIR_PRESSURE_PSI, DECIBAR_PER_PSI, Values


def temperature(counts: Values) -> Values:
    """Degrees Celsius from counts of 20 bits, shape (n,)."""
    return (counts - 100_000) / 10_000.0


def conductivity(counts: Values) -> Values:
    """S/m from counts of 20 bits, shape (n,)."""
    return (counts - 50_000) / 100_000.0


def pressure(counts: Values, range_psi: Values | float) -> Values:
    """Sea pressure in decibars from counts of 16 bits, shape (n,), and the sensor's range in psi, air included."""
    span = (range_psi - AIR_PRESSURE_PSI) * DECIBAR_PER_PSI
    return counts * span / (0.85 * 65_536.0) - 0.05 * span
