import shutil

import numpy as np
import pytest

from lander import config
from lander.stages.remarks import Remarks, same_serial, verdict
from lander.status import status
from tests.lander.simulated import change, run


@pytest.mark.parametrize(
    ("found", "configured", "same"),
    [
        ("03716125", "16125", True),
        ("03716125", "03716125", True),
        ("379", "0379", True),
        ("", "379", True),
        ("not set", "379", True),
        ("SN 379", "379", True),
        ("380", "379", False),
        ("03716125", "3716126", False),
    ],
)
def test_serial_numbers_are_compared_by_their_digits(found, configured, same):
    assert same_serial(found, configured) is same


def test_a_file_of_another_instrument_is_named_and_decoded(own):
    change(own / "deployments" / "one.yaml", lambda it: it["instruments"]["ctd"].update(serial="5555"))
    assert not run(own).failed
    remark = status(config.load(own)).remarks["one/ctd/sim-one.hex"]
    assert "'03709999'" in remark
    assert "'5555'" in remark
    (own / "raw/one/ctd/sim-one.hex").touch()
    shutil.rmtree(own / "store")
    assert run(own).remarks["one/ctd/sim-one.hex"] == remark


def test_nothing_is_remarked_where_all_is_well(own):
    assert status(config.load(own)).remarks == {}


def test_a_file_without_a_clock_is_no_failure_and_is_told():
    import xarray as xr

    remarks = Remarks((0, 1))
    remarks.look_at("profile", xr.Dataset({"temperature": ("scan", np.zeros(7))}))
    assert verdict({}, remarks) is None
    assert remarks.sentences() == [
        "7 records of profile have no clock and are not on the time axis: `ingest.read` gives them"
    ]
