"""pH on the total scale, from what a spectrophotometric sensor finds at salinity 35 and the salinity around it."""

from collections.abc import Mapping

from lander.derived import Derived, Floats, Values

PER_SALINITY = 0.0021
"""Change of the indicator's pK with salinity: Clayton and Byrne (1993), equation 5. It is added to every point of a
measurement, so that it moves the result by the same amount, exactly."""


def at_salinity(ph_at_35: Floats, salinity: Floats) -> Floats:
    """Bring pH from practical salinity 35 to that of the water.

    Parameters
    ----------
    ph_at_35 : ndarray of float64, shape (n,)
        Total scale, computed with salinity 35.
    salinity : ndarray of float64, shape (n,)
        Practical salinity of the water.

    References
    ----------
    Clayton and Byrne (1993), Deep-Sea Research I 40, 2115-2129, equation 5: pK = 1245.69/T + 3.8275 + 0.0021 (35 - S).
    """
    return ph_at_35 + PER_SALINITY * (35.0 - salinity)


def _kernel(values: Values, settings: Mapping[str, float]) -> Floats:
    return at_salinity(values["ph_at_salinity_35"], values["practical_salinity"])


DERIVED = Derived(
    name="ph_total",
    version=1,
    inputs=("ph_at_salinity_35",),
    matched=("practical_salinity",),
    kernel=_kernel,
    method="pH found at practical salinity 35 plus 0.0021 (35 - S), the indicator's pK (Clayton and Byrne 1993)",
    references=("Clayton and Byrne (1993), Deep-Sea Res. I 40, 2115-2129, equation 5",),
)
