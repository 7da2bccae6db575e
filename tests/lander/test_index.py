import json
import os
from dataclasses import replace

import pytest

import lander
from lander import files, index, store
from lander.errors import StoreError
from lander.index import Index, RawFile
from tests.lander.test_store import RECIPE, table

RAW = RawFile(
    "one/a.hex", 10, 1, 2, 3, "ab" * 32, "one", "ctd", 0, "sbe_hex 1", "recipe",
    {"samples": {"variables": {"temperature": ["time"]}, "step": 60.0, "months": {"2016-09": {"n": 1, "digest": "x"}}}},
    {"bytes_accepted": 10}, None,
)  # fmt: skip


@pytest.fixture
def saved(tmp_path):
    made = Index(raw={RAW.path: RAW})
    for number, path in enumerate(("a/2016-09.nc", "b/c/2016-10.nc")):
        made.files[path] = store.write(tmp_path, path, table(seed=number), RECIPE)
    index.commit(tmp_path, made)
    return tmp_path, made


def test_an_index_comes_back_as_it_was_saved(saved):
    root, made = saved
    assert index.load(root) == made


def test_an_index_made_from_the_files_equals_the_saved_one(saved, seafloor):
    root, made = saved
    assert index.rebuild(root).files == made.files
    assert index.rebuild(seafloor / "store").files == index.load(seafloor / "store").files


def test_a_missing_index_is_made_from_the_files(saved):
    root, made = saved
    (root / "index.json").unlink()
    assert index.load(root) == Index(made.files, {})


WRONG_FIELDS = b'{"version": 1, "files": {"a": {}}, "raw": {}}'


@pytest.mark.parametrize("damage", [b"", b"\0\0", b"null", WRONG_FIELDS, b"\xff\xfe"])
def test_a_damaged_index_is_made_from_the_files_and_said(saved, damage, caplog):
    root, made = saved
    (root / "index.json").write_bytes(damage)
    assert index.load(root).files == made.files
    assert "damaged" in caplog.text


def test_an_index_of_another_version_is_not_believed(saved):
    root, made = saved
    content = json.loads((root / "index.json").read_text())
    content["version"] += 1
    content["files"] = {}
    (root / "index.json").write_text(json.dumps(content))
    assert index.load(root).files == made.files


def test_damaged_files_are_left_out(saved):
    root, _ = saved
    (root / "a/2016-09.nc").write_bytes(b"no file")
    assert set(index.rebuild(root).files) == {"b/c/2016-10.nc"}


def test_files_of_the_machinery_are_no_files_of_the_store(saved):
    root, made = saved
    files.keep_previous(root, "a/2016-09.nc")
    (root / ".work").mkdir(exist_ok=True)
    (root / ".work/x.nc").write_bytes((root / "a/2016-09.nc").read_bytes())
    assert index.rebuild(root).files == made.files


def test_a_failing_save_leaves_the_old_index(saved, monkeypatch):
    root, made = saved

    def fail(*words):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "replace", fail)
    with pytest.raises(StoreError, match=r"index\.json: cannot be written: No space left"):
        index.commit(root, Index())
    monkeypatch.undo()
    assert index.load(root) == made
    assert not list(root.rglob("*.tmp"))


def test_readers_do_not_see_a_checkpoint_and_the_next_run_does(saved):
    root, made = saved
    later = Index(dict(made.files), {})
    del later.files["a/2016-09.nc"]
    index.checkpoint(root, later)
    assert index.load(root) == made
    assert index.resume(root) == (later, True)
    index.commit(root, later)
    assert index.resume(root) == (later, False)
    assert index.load(root) == later


def test_a_file_that_was_touched_or_cut_is_not_intact(saved):
    root, made = saved
    entry = made.files["a/2016-09.nc"]
    assert index.intact(root, entry)
    assert not index.intact(root, replace(entry, size=entry.size + 1))
    os.utime(root / entry.path, (1, 1))
    assert not index.intact(root, entry)
    (root / entry.path).unlink()
    assert not index.intact(root, entry)


def test_digests_by_reference(saved):
    _, made = saved
    entry = made.files["a/2016-09.nc"]
    assert made.digest("a/2016-09.nc#temperature") == entry.digests["temperature"]
    assert made.digest("a/2016-09.nc#temperature@head1") == entry.digests["temperature"][:12]
    assert made.digest("a/2016-09.nc#temperature@tail4") == entry.digests["temperature"][-24:]
    assert made.digest("a/2016-09.nc#nothing") == "absent"
    assert made.digest("nothing.nc#temperature") == "absent"


def test_a_lost_index_still_opens_and_explains(own):
    archive = own
    before = lander.open(archive)
    expected = before.series("temperature").load()
    told = before.explain("oxygen_concentration", "2016-10-01T06:00:00")
    (archive / "store" / "index.json").unlink()
    again = lander.open(archive)
    assert again.variables == before.variables
    assert again.series("temperature").load().identical(expected)
    assert again.explain("oxygen_concentration", "2016-10-01T06:00:00") == told
