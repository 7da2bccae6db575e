"""Quotients by multiplying, to the last bit: a division takes a processor some five times as long."""

from fractions import Fraction
from functools import cache
from math import frexp, ldexp

_BITS = 29


@cache
def reciprocal(divisor: int) -> tuple[float, float]:
    """One over a number, in two parts.

    For whole numbers of up to 24 bits, the sum of their products with both parts is the float nearest to their quotient
    by the divisor: the product with the first part, of 29 bits, is exact, and the second is so small that its own
    rounding lies 29 bits below the last one of the sum. No such quotient by 10, 100 or 1000 lies as near to the middle
    between two floats; the tests go through them all.
    """
    mantissa, exponent = frexp(1 / divisor)
    first = ldexp(int(ldexp(mantissa, _BITS)), exponent - _BITS)
    return first, float(Fraction(1, divisor) - Fraction(first))
