"""Tasks that make small files: order, failures, early cut-off."""

import json
from pathlib import Path

import numpy as np
import pytest

from lander import engine, index, store
from lander.engine import Run, Task
from lander.errors import LanderError, StoreError
from lander.index import Index
from lander.store import Column, Table

LOG: list[str] = []


def add(root: Path, task: Task, recipe) -> store.Entry:
    """Sum of the inputs' numbers and `plus`, capped: a file of one variable."""
    LOG.append(task.output)
    total = task.params["plus"]
    for reference in task.inputs:
        path = root / reference.partition("#")[0]
        total += int(store.read(path)["value"].data[0]) if path.exists() else 0
    value = np.array([min(total, task.params.get("cap", 10**6))])
    return store.write(root, task.output, Table({"value": Column(value, ("scan",))}), recipe)


def task(output: str, *inputs: str, **params) -> Task:
    references = tuple(f"{name}.nc#value" for name in inputs)
    fail = params.pop("fail", None)
    return Task(f"{output}.nc", "L1", 1, references, {"plus": 1, **params}, failing(fail) if fail else add)


def failing(error):
    def build(root, task, recipe):
        LOG.append(task.output)
        raise error

    return build


@pytest.fixture
def go(tmp_path):
    state = Index()

    def run(*tasks: Task, workers: int = 1):
        LOG.clear()
        with engine.executor(workers) as pool:
            report = Run(tmp_path, state, pool).tasks(tasks)
        index.commit(tmp_path, state)
        return report

    run.root, run.index = tmp_path, state
    return run


def value(root: Path, name: str) -> int:
    return int(store.read(root / f"{name}.nc")["value"].data[0])


def test_tasks_run_in_the_order_of_their_inputs(go):
    report = go(task("d", "b", "c"), task("c", "a"), task("b", "a"), task("a"))
    assert LOG[0] == "a.nc"
    assert LOG[-1] == "d.nc"
    assert sorted(report.built) == ["a.nc", "b.nc", "c.nc", "d.nc"]
    assert value(go.root, "d") == 5


def test_what_is_current_is_left_alone(go):
    tasks = (task("a"), task("b", "a"))
    go(*tasks)
    report = go(*tasks)
    assert (report.built, sorted(report.current), LOG) == ([], ["a.nc", "b.nc"], [])


def test_a_change_goes_to_the_readers(go):
    go(task("a"), task("b", "a"), task("c", "b"), task("d"))
    report = go(task("a", plus=5), task("b", "a"), task("c", "b"), task("d"))
    assert report.built == ["a.nc", "b.nc", "c.nc"]
    assert report.current == ["d.nc"]
    assert value(go.root, "c") == 7


def test_work_stops_where_the_content_did_not_change(go):
    go(task("a", plus=50, cap=10), task("b", "a"), task("c", "b"))
    report = go(task("a", plus=60, cap=10), task("b", "a"), task("c", "b"))
    assert report.built == ["a.nc"]
    assert sorted(report.current) == ["b.nc", "c.nc"]


def test_a_failure_stops_its_own_task_only(go):
    report = go(task("a"), task("bad", fail=ValueError("five")), task("worse", fail=StoreError("six")), task("z", "a"))
    assert sorted(report.built) == ["a.nc", "z.nc"]
    assert report.failed == {"bad.nc": "ValueError: five", "worse.nc": "six"}
    again = go(task("a"), task("bad"), task("worse"), task("z", "a"))
    assert sorted(again.built) == ["bad.nc", "worse.nc"], "mended, it is made"


def test_a_failure_does_not_leave_an_old_file_beside_new_inputs(go):
    go(task("a"), task("b", "a"))
    report = go(task("a", plus=9), task("b", "a", fail=LanderError("cannot")))
    assert report.failed == {"b.nc": "cannot"}
    assert not (go.root / "b.nc").exists()
    assert "b.nc" not in go.index.files


def test_circles_are_refused(go):
    with pytest.raises(LanderError, match=r"in a circle: a\.nc, b\.nc, c\.nc"):
        go(task("a", "c"), task("b", "a"), task("c", "b"), task("free"))
    assert LOG == []


def test_a_file_that_the_index_lost_is_taken_back(go):
    go(task("a"))
    go.index.files.clear()
    report = go(task("a"))
    assert report.current == ["a.nc"]
    assert set(go.index.files) == {"a.nc"}


def test_files_that_nothing_makes_any_more_go_with_their_folders(go):
    go(task("x/y/a"), task("x/b"))
    with engine.executor(1) as pool:
        Run(go.root, go.index, pool).remove(["x/y/a.nc"])
    assert not (go.root / "x/y").exists()
    assert (go.root / "x/b.nc").exists()
    assert set(go.index.files) == {"x/b.nc"}


def test_a_recipe_hangs_on_software_parameters_and_inputs(go):
    go(task("a"))
    one = task("b", "a")
    recipe = engine.recipe_of(one, go.index).digest
    newer = Task(one.output, one.stage, 2, one.inputs, one.params, add)
    for other, reason in ((newer, "the software changed"),
                          (task("b", "a", plus=2), "its raw files or configuration changed"),
                          (task("b"), "what it is made from changed")):  # fmt: skip
        assert engine.difference(recipe, engine.recipe_of(other, go.index).digest) == reason
    assert engine.difference(recipe, recipe) == ""


def test_digests_do_not_hang_on_the_order_of_keys():
    assert engine.digest_of({"a": 1, "b": [1.5, None]}) == engine.digest_of(json.loads('{"b": [1.5, null], "a": 1}'))
    assert engine.digest_of({"a": 1}) != engine.digest_of({"a": 2})
    with pytest.raises(ValueError):
        engine.digest_of({"a": float("nan")})


def test_progress_counts_every_task(go):
    seen = []
    with engine.executor(1) as pool:
        Run(go.root, go.index, pool, lambda *words: seen.append(words)).tasks([task("a"), task("b", "a"), task("c")])
    assert [(stage, done, total) for stage, done, total in seen] == [("L1", 1, 3), ("L1", 2, 3), ("L1", 3, 3)]


def test_results_of_each_come_in_the_order_of_the_items():
    with engine.executor(1) as pool:
        assert list(engine.each(pool, "hash", len, ["a", "bbb", ""])) == [("a", 1), ("bbb", 3), ("", 0)]
