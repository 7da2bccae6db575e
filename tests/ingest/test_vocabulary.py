"""The table of variables keeps its own rules."""

import re

import pytest

from ingest import vocabulary

VARIABLES = [pytest.param(variable, id=variable.name) for variable in vocabulary._TABLE]
INTEGERS = {"int8", "uint8", "int16", "uint16", "int32", "uint32", "int64"}


def test_no_name_twice(monkeypatch):
    table = vocabulary.table()
    assert all(name == variable.name for name, variable in table.items())
    assert {f"{name}_2" for name in vocabulary._SEVERAL} <= table.keys()
    with pytest.raises(KeyError):
        vocabulary.lookup("temprature")
    monkeypatch.setattr(vocabulary, "_TABLE", (*vocabulary._TABLE, vocabulary._TABLE[0]))
    with pytest.raises(TypeError, match=r"more than one place: .*temperature"):
        vocabulary.table.__wrapped__()


@pytest.mark.parametrize("variable", VARIABLES)
def test_entry(variable):
    assert re.fullmatch(r"[a-z]+(_[a-z0-9]+)*", variable.name)
    assert variable.units
    assert variable.long_name[0].isupper() or variable.long_name[0].isdigit()
    assert variable.standard_name is None or re.fullmatch(r"[a-z]+(_[a-z]+)*", variable.standard_name)
    if variable.step is None:
        assert variable.dtype in INTEGERS | {"float32"}
        return
    assert variable.dtype == "int32"
    assert variable.step <= variable.resolution / 10 * (1 + 1e-12), "coarser than a tenth of the resolution"
    assert variable.valid_min < variable.valid_max
    # -2^31 is the fill value, and a faulty reading ten times too large must still fit.
    assert max(abs(variable.valid_min), abs(variable.valid_max)) / variable.step < 2**31


@pytest.mark.parametrize("variable", VARIABLES)
def test_attributes(variable):
    attributes = variable.attributes
    assert attributes["units"] == variable.units
    assert attributes["long_name"] == variable.long_name
    assert attributes.get("standard_name") == variable.standard_name
    # CF 1.11 wants it said whether a temperature is on a scale or a difference.
    assert ("units_metadata" in attributes) == (variable.standard_name == "sea_water_temperature")
