import math

import gsw
import numpy as np
import pytest

from ingest import vocabulary
from lander import derived
from lander.derive import oxygen, salinity

FLAGS = np.int8
SECOND = 1_000_000


def column(*values):
    return np.array(values, dtype=np.float64)


def flags(*values):
    return np.array(values, dtype=FLAGS)


def test_every_derived_quantity_and_input_is_in_the_vocabulary_and_comes_after_its_inputs():
    found = derived.discover()
    assert {"practical_salinity", "oxygen_concentration"} <= set(found)
    assert list(found).index("practical_salinity") < list(found).index("oxygen_concentration")
    for quantity in found.values():
        assert set(quantity.needs) | {quantity.name} <= set(vocabulary.table())
        assert quantity.references


def test_practical_salinity_gives_the_check_values_of_gsw():
    # Check values printed in the documentation of gsw_SP_from_C.
    conductivity = column(34.5487, 34.7275, 34.8605, 34.6810, 34.5680, 34.5600) / 10
    temperature = column(28.7856, 28.4329, 22.8103, 10.2600, 6.8863, 4.4036)
    pressure = column(10, 50, 125, 250, 600, 1000)
    expected = column(
        20.009869599086951, 20.265511864874270, 22.981513062527689,
        31.204503263727982, 34.032315787432829, 36.400308494388170,
    )  # fmt: skip
    found = salinity.practical_salinity(conductivity, temperature, pressure)
    np.testing.assert_allclose(found, expected, rtol=1e-12)


def test_practical_salinity_of_standard_sea_water_is_35():
    # PSS-78: 4.2914 S/m at 15 degrees on IPTS-68 and no pressure.
    found = salinity.practical_salinity(column(4.2914), column(15 / 1.00024), column(0))
    assert found == pytest.approx([35.0], abs=2e-5)


def test_salinity_of_air_and_of_missing_inputs_is_missing():
    found = salinity.practical_salinity(column(0, -1e-5, 3.5, np.nan), column(10, 10, np.nan, 10), column(0, 0, 0, 0))
    assert np.isnan(found).all()


def compensated_by_hand(reported, t, s, p, s0):
    """Written from TD 269 with plain Python numbers and the polynomial term by term."""
    ts = math.log((298.15 - t) / (273.15 + t))
    b = -6.24097e-3 - 6.93498e-3 * ts - 6.90358e-3 * ts * ts - 4.29155e-3 * ts * ts * ts
    return reported * math.exp((s - s0) * b - 3.1168e-7 * (s * s - s0 * s0)) * (1 + 0.032 * p / 1000)


def oxygen_of(reported, t, s, p, s0):
    values = {
        "oxygen_concentration_uncompensated": reported,
        "temperature": t,
        "practical_salinity": s,
        "pressure": p,
    }
    return oxygen.DERIVED.kernel(values, {"internal_salinity": s0})


def test_oxygen_equals_an_independent_calculation():
    generator = np.random.default_rng(7)
    reported, t = generator.uniform(0, 400, 300), generator.uniform(-2, 35, 300)
    s, p = generator.uniform(0, 40, 300), generator.uniform(0, 6000, 300)
    for s0 in (0.0, 34.6):
        found = oxygen_of(reported, t, s, p, s0)
        expected = [compensated_by_hand(*row, s0) for row in zip(reported, t, s, p, strict=True)]
        np.testing.assert_allclose(found, expected, rtol=1e-13)


def test_salinity_factor_agrees_with_the_other_fit_of_solubility():
    # gsw uses Garcia and Gordon's fit to Benson and Krause, per mass: an independent table, 0.23 % apart at most.
    t, s = column(2.0, 4.0, 10.0, 25.0), column(34.5, 34.6, 35.0, 33.0)

    def per_volume(of):
        return gsw.O2sol_SP_pt(of, t) * (1000 + gsw.sigma0(gsw.SR_from_SP(of), gsw.CT_from_pt(of, t)))

    np.testing.assert_allclose(oxygen.salinity_factor(t, s, 0.0), per_volume(s) / per_volume(0 * s), rtol=2.5e-3)


def test_internal_salinity_equal_to_the_water_leaves_only_pressure():
    found = oxygen_of(column(100), column(4), column(34.5), column(1130), 34.5)
    assert found == pytest.approx([100 * 1.03616], rel=1e-12)


def test_a_value_is_derived_from_good_inputs_only_and_never_better_flagged():
    n = 6
    values = {"conductivity": np.full(n, 3.2), "temperature": np.full(n, 4.0), "pressure": np.full(n, 1100.0)}
    values["pressure"][5] = np.nan
    quality = {
        "conductivity": flags(1, 1, 3, 1, 0, 1),
        "temperature": flags(1, 2, 1, 4, 1, 1),
        "pressure": flags(1, 1, 1, 1, 1, 9),
    }
    before = {name: array.copy() for name, array in values.items()}
    found = derived.derive(salinity.DERIVED, values, quality, {})
    assert found.flags.tolist() == [1, 2, 9, 9, 9, 9]
    assert np.isfinite(found.value).tolist() == [True, True, False, False, False, False]
    for name, array in before.items():
        np.testing.assert_array_equal(values[name], array)


def test_a_nominal_input_gives_probably_good():
    values = {"conductivity": column(3.2), "temperature": column(4), "pressure": column(1100)}
    quality = {"conductivity": flags(1), "temperature": flags(1), "pressure": flags(7)}
    assert derived.derive(salinity.DERIVED, values, quality, {}).flags.tolist() == [2]


def test_a_missing_setting_is_named():
    with pytest.raises(derived.DeriveError, match="internal_salinity"):
        derived.derive(oxygen.DERIVED, {}, {}, {})


def test_worst_is_never_better_than_any():
    order = [1, 2, 0, 3, 4, 9]
    for position, first in enumerate(order):
        for second in order[position:]:
            assert derived.worst(flags(first), flags(second)).tolist() == [second]
            assert derived.worst(flags(second), flags(first), flags(1)).tolist() == [second]
    assert derived.worst(flags(8, 7), flags(1, 1)).tolist() == [2, 2]


def test_uncertainty_of_a_product_is_the_textbook_one():
    product = derived.Derived("x", 1, ("a", "b"), lambda values, settings: values["a"] * values["b"], "", ())
    found = derived.propagate(
        product, {"a": column(2.0), "b": column(5.0)}, {"a": column(0.1), "b": column(0.2)}, {}
    )
    assert found == pytest.approx([math.hypot(5 * 0.1, 2 * 0.2)])


def donor(times, values, quality=None):
    time = np.array(times, dtype=np.int64) * SECOND
    return derived.Donor(time, column(*values), flags(*(quality or [1] * len(times))))


def match(times, giver, gap=20):
    return derived.match(np.array(times, dtype=np.int64) * SECOND, giver, gap * SECOND)


def test_match_interpolates_between_good_neighbours_and_never_beyond():
    found = match([-1, 0, 5, 10, 20, 21], donor([0, 10, 20], [0, 10, 40]))
    np.testing.assert_array_equal(found.value, [np.nan, 0, 5, 10, 40, np.nan])
    assert found.flags.tolist() == [9, 1, 1, 1, 1, 9]


def test_match_passes_over_bad_samples_and_respects_the_gap():
    giver = donor([0, 10, 20, 60], [0, 999, 20, 60], [1, 4, 2, 1])
    found = match([5, 10, 20, 30], giver)
    np.testing.assert_array_equal(found.value, [5, 10, 20, np.nan])
    assert found.flags.tolist() == [2, 2, 2, 9]
    assert np.isnan(match([5], giver, gap=19).value).all()
    assert match([60], giver, gap=19).value.tolist() == [60]


def test_match_with_nan_unordered_targets_and_repeated_donor_times():
    found = match([15, 10, 5], donor([0, 10, 10, 20], [0, 1, 3, 4]))
    np.testing.assert_allclose(found.value, [3.5, 1, 0.5])
    assert np.isnan(match([5], donor([0, 5, 40], [0, np.nan, 1], [1, 1, 1])).value).all()
    empty = match([5], donor([], []))
    assert np.isnan(empty.value).all()
    assert empty.flags.tolist() == [9]


def test_match_of_a_constant_is_that_constant():
    generator = np.random.default_rng(3)
    times = np.sort(generator.integers(0, 10**12, 400))
    giver = derived.Donor(times, np.full(400, 34.56789), np.ones(400, dtype=FLAGS))
    found = derived.match(generator.integers(times[0], times[-1], 1000), giver, 10**12)
    assert set(found.value.tolist()) == {34.56789}


def test_quantities_that_need_each_other_are_refused():
    def quantity(name, need):
        return derived.Derived(name, 1, (need,), lambda values, settings: values[need], "", ())

    with pytest.raises(TypeError, match="need each other: a, b"):
        derived._in_order({"a": quantity("a", "b"), "b": quantity("b", "a")})
