"""Arrays on disk: same bytes for same content, nothing half-written, nothing unpickled."""

import zipfile

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from latentlab.files import arrays

ARRAYS = st.dictionaries(
    st.from_regex(r"[a-z_]{1,8}(/[a-z_0-9]{1,8}){0,2}", fullmatch=True),
    hnp.arrays(
        st.sampled_from([np.float32, np.float64, np.uint8, np.int64]),
        hnp.array_shapes(min_dims=0, max_dims=3, min_side=0, max_side=4),
    ),
    min_size=1,
    max_size=4,
)


@given(content=ARRAYS)
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_what_was_saved_is_loaded(tmp_path, content):
    arrays.save_npz(tmp_path / "a.npz", content)
    loaded = arrays.load_npz(tmp_path / "a.npz")
    assert loaded.keys() == content.keys()
    for name, array in content.items():
        assert loaded[name].dtype == array.dtype
        np.testing.assert_array_equal(loaded[name], array)


def test_bytes_depend_on_content_alone(tmp_path, monkeypatch):
    a, b = np.arange(6.0).reshape(2, 3), np.array("text")
    arrays.save_npz(tmp_path / "1.npz", {"a": a, "b": b})
    monkeypatch.setattr("time.localtime", lambda *_: (2050, 1, 1, 1, 1, 1, 0, 1, 0))
    arrays.save_npz(tmp_path / "2.npz", {"b": b, "a": np.asfortranarray(a)})
    assert (tmp_path / "1.npz").read_bytes() == (tmp_path / "2.npz").read_bytes()


def test_numpy_reads_it(tmp_path):
    arrays.save_npz(tmp_path / "a.npz", {"encoder/kernel": np.ones(3)})
    with np.load(tmp_path / "a.npz") as loaded:
        assert loaded["encoder/kernel"].sum() == 3


def test_a_failed_write_leaves_the_old_file_and_nothing_else(tmp_path):
    arrays.save_npz(tmp_path / "a.npz", {"a": np.ones(3)})
    before = (tmp_path / "a.npz").read_bytes()
    with pytest.raises(ValueError, match=r"[Oo]bject"):
        arrays.save_npz(tmp_path / "a.npz", {"a": np.ones(3), "b": np.array([None])})
    assert (tmp_path / "a.npz").read_bytes() == before
    assert [path.name for path in tmp_path.iterdir()] == ["a.npz"]


def test_missing_folders_are_made(tmp_path):
    arrays.save_npz(tmp_path / "x" / "y" / "a.npz", {"a": np.ones(3)})
    assert arrays.load_npz(tmp_path / "x" / "y" / "a.npz")["a"].sum() == 3


def test_a_missing_file_is_named(tmp_path):
    with pytest.raises(FileNotFoundError, match=r"none\.npz"):
        arrays.load_npz(tmp_path / "none.npz")


@pytest.mark.parametrize("content", [b"", b"PK\x03\x04", b"<html>", b"\x93NUMPY" + bytes(60)])
def test_what_is_no_npz_is_refused(tmp_path, content):
    (tmp_path / "a.npz").write_bytes(content)
    with pytest.raises(ValueError, match=r"a\.npz: not a readable"):
        arrays.load_npz(tmp_path / "a.npz")


def test_objects_are_never_unpickled(tmp_path):
    np.savez(tmp_path / "a.npz", a=np.array([{"a": 1}], dtype=object))
    with pytest.raises(ValueError, match=r"a\.npz: not a readable"):
        arrays.load_npz(tmp_path / "a.npz")


@given(data=st.data())
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_a_damaged_file_is_refused_or_unharmed(tmp_path, data):
    path = tmp_path / "a.npz"
    content = {"a": np.arange(50.0), "b": np.arange(3)}
    arrays.save_npz(path, content)
    damaged = bytearray(path.read_bytes())
    at = data.draw(st.integers(0, len(damaged) - 1))
    damaged[at] ^= data.draw(st.integers(1, 255))
    path.write_bytes(damaged)
    try:
        loaded = arrays.load_npz(path)
    except ValueError:
        return
    for array in loaded.values():  # a byte that means nothing, or an array's name
        assert any(np.array_equal(array, original) for original in content.values())


def test_a_decompression_bomb_is_refused_before_it_is_unpacked(tmp_path):
    with zipfile.ZipFile(tmp_path / "a.npz", "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("a.npy", bytes(10**7))
    with pytest.raises(ValueError, match="10000000 bytes unpacked, at most 1000000"):
        arrays.load_npz(tmp_path / "a.npz", limit=10**6)


def test_an_entry_that_is_no_array_is_refused(tmp_path):
    with zipfile.ZipFile(tmp_path / "a.npz", "w") as archive:
        archive.writestr("note.txt", "text")
    with pytest.raises(ValueError, match="no array"):
        arrays.load_npz(tmp_path / "a.npz")
