"""Which tasks there are, and what each hangs on."""

from dataclasses import replace

import pytest

import lander
from lander import digests, inventory, planning, store
from lander.deployment import FillRule
from lander.errors import ConfigError
from lander.inventory import AmbiguousVariableError

CTD, OPTODE = "sitef/one/ctd/samples", "sitef/one/optode/samples"


@pytest.fixture(scope="module")
def tasks(archive):
    every = [*planning.level1_tasks(archive.streams), *planning.later_tasks(archive.config, archive.streams)]
    return {task.output: task for task in every}


def test_every_file_of_the_store_has_one_task(archive, tasks):
    assert tasks.keys() == archive.index.files.keys()


def test_nothing_reads_upward(tasks):
    rank = {"L1": 0, "phase": 1, "excursions": 2, "events": 3, "L2": 4, "L3": 5}
    for task in tasks.values():
        for needed in task.needs:
            assert rank[tasks[needed].stage] <= rank[task.stage]
            assert tasks[needed].stage != "L3"
            if tasks[needed].stage == task.stage == "L2":  # derived from another instrument's judged values
                assert tasks[needed].params["instrument"] != task.params["instrument"]


def test_tasks_of_raw_files_hang_on_their_digests(tasks, archive):
    task = tasks[f"{CTD}/L1/2016-09.nc"]
    assert task.inputs == ()
    assert [part["path"] for part in task.params["parts"]] == ["one/ctd/sim-one.hex"]
    assert task.params["parts"][0]["sha256"] == archive.index.raw["one/ctd/sim-one.hex"].sha256


def test_a_month_hangs_on_the_edges_of_its_neighbours(tasks):
    task = tasks[f"{CTD}/L2/2016-09.nc"]
    days = task.params["halo_us"] / store.DAY_US
    edge = next(one for one in digests.EDGE_DAYS if days <= one)
    inputs = set(task.inputs)
    assert f"{CTD}/L1/2016-09.nc#temperature" in inputs
    assert f"{CTD}/L1/2016-10.nc#temperature@head{edge}" in inputs
    assert f"{CTD}/L1/2016-10.nc#temperature" not in inputs
    assert "sitef/one/phase.nc#phase" in inputs
    assert f"{CTD}/L1/2016-09.nc#temperature@tail{edge}" in set(tasks[f"{CTD}/L2/2016-10.nc"].inputs)


def test_a_month_hangs_on_its_own_events_alone(tasks):
    assert "sitef/one/events.nc#month_2016-09" in tasks[f"{CTD}/L2/2016-09.nc"].inputs
    assert "sitef/one/events.nc#month_2016-10" not in tasks[f"{CTD}/L2/2016-09.nc"].inputs
    events = tasks["sitef/one/events.nc"]
    assert set(events.inputs) == {
        f"{stream}/excursions/{month}.nc#excursions" for stream in (CTD, OPTODE) for month in ("2016-09", "2016-10")
    }
    assert events.params["sensors"].keys() == {
        "ctd.temperature", "optode.optode_temperature", "optode.oxygen_concentration_uncompensated",
    }  # fmt: skip
    looked = set(tasks[f"{OPTODE}/excursions/2016-09.nc"].inputs)
    days = tasks[f"{OPTODE}/excursions/2016-09.nc"].params["halo_us"] / store.DAY_US
    assert 37 / 24 < days < 4
    assert f"{OPTODE}/L1/2016-10.nc#optode_temperature@head4" in looked
    assert not any("blue_phase" in reference for reference in looked)


def test_oxygen_hangs_on_the_ctd_and_its_flags(tasks):
    inputs = set(tasks[f"{OPTODE}/L2/2016-10.nc"].inputs)
    for needed in (f"{CTD}/L1/2016-10.nc#temperature", f"{CTD}/L2/2016-10.nc#temperature_qc",
                   f"{CTD}/L2/2016-10.nc#practical_salinity", f"{CTD}/L2/2016-10.nc#practical_salinity_qc",
                   f"{CTD}/L1/2016-10.nc#pressure"):  # fmt: skip
        assert needed in inputs
    assert any(reference.startswith(f"{CTD}/L2/2016-09.nc#pressure_qc@tail") for reference in inputs)
    assert not any("conductivity" in reference for reference in inputs)


def test_products_hang_on_the_months_that_their_bins_reach(tasks):
    month = "2016-10"
    minute = tasks[f"sitef/L3/one_minute/temperature/{month}.nc"]
    assert minute.needs == {f"{CTD}/L1/{month}.nc", f"{CTD}/L2/{month}.nc",
                            f"sitef/two/ctd/samples/L1/{month}.nc", f"sitef/two/ctd/samples/L2/{month}.nc"}  # fmt: skip
    hourly = tasks[f"sitef/L3/hourly/temperature/{month}.nc"]
    assert hourly.needs - minute.needs == {f"{CTD}/L1/2016-09.nc", f"{CTD}/L2/2016-09.nc"}
    assert planning.deployments_of(hourly) == {"one", "two"}
    assert planning.deployments_of(tasks["sitef/L3/hourly/temperature/2016-09.nc"]) == {"one"}


def test_looking_further_than_the_edges_hangs_on_the_whole_neighbour(archive):
    config = replace(archive.config, fill={"temperature": FillRule("linear", 14 * 86_400.0)})
    task = next(one for one in planning.level2_tasks(config, archive.streams) if one.output == f"{CTD}/L2/2016-09.nc")
    assert f"{CTD}/L1/2016-10.nc#temperature" in task.inputs
    assert task.params["halo_us"] > max(digests.EDGE_DAYS) * store.DAY_US


def test_looking_further_than_a_month_is_refused(archive):
    config = replace(archive.config, fill={"temperature": FillRule("linear", 28 * 86_400.0)})
    with pytest.raises(ConfigError, match=r"one/ctd: .* at most 27 can be"):
        list(planning.level2_tasks(config, archive.streams))


def test_a_variable_of_two_instruments_needs_a_choice(with_profiler):
    archive = lander.open(with_profiler)
    (deployment,) = archive.config.deployments
    assert inventory.provider("pressure", deployment, archive.streams).instrument.name == "ctd"
    assert inventory.provider("pressure", deployment, archive.streams, "adcp").instrument.name == "adcp"
    assert inventory.provider("nothing", deployment, archive.streams) is None
    unsaid = replace(deployment, primary={})
    with pytest.raises(AmbiguousVariableError, match="three: pressure is measured by adcp, ctd"):
        inventory.provider("pressure", unsaid, archive.streams)


def test_oxygen_without_a_choice_of_pressure_is_not_made_up(with_profiler):
    archive = lander.open(with_profiler)
    (deployment,) = archive.config.deployments
    unsaid = replace(deployment, primary={})
    streams = [replace(one, deployment=unsaid) for one in archive.streams]
    config = replace(archive.config, deployments=(unsaid,))
    task = next(one for one in planning.level2_tasks(config, streams) if "/optode/" in one.output)
    (oxygen,) = task.params["derived"]
    assert oxygen["donors"]["pressure"] is None
    assert "pressure is measured by adcp, ctd" in task.params["problems"][0]
