"""Image data: the IDX parser on hostile files, downloads, digits, the decoded form."""

import gzip
import hashlib
import http.server
import os
import re
import socket
import struct
import sys
import threading
import tracemalloc
from collections import Counter

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from PIL import Image

from image_sets import idx, small_images
from latentlab.data import digits, download, folders, images

SHARED_FOLDER = settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
BYTES = hnp.arrays(np.uint8, hnp.array_shapes(min_dims=1, max_dims=3, max_side=5))
PUBLISHED_SHA256 = {  # in the order of IDX_FILES
    "mnist": [
        "440fcabf73cc546fa21475e81ea370265605f56be210a4024d2ca8f203523609",
        "3552534a0a558bbed6aed32b30c495cca23d567ec52cac8be1a0730e8010255c",
        "8d422c7b0a1c1c79245a5bcf07fe86e33eeafee792b84584aec276f5a2dbc4e6",
        "f7ae60f92e00ec6debd23a6088c31dbd2371eca3ffa0defaefb259924204aec6",
    ],
    "fashion_mnist": [
        "3aede38d61863908ad78613f6a32ed271626dd12800ba2636569512369268a84",
        "a04f17134ac03560a47e3764e11b92fc97de4d1bfaf8ba1a3aa29af54cc90845",
        "346e55b948d973a97e58d2351dde16a484bd415d4595297633bb08f03db6a073",
        "67da17c76eaffca5446c3361aaab5c3cd6d1c2608764d35dfb1850b086bf8dd5",
    ],
}


def write(path, content: bytes, packed: bool):
    path.write_bytes(gzip.compress(content) if packed else content)
    return path


def sha256(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


def assert_same(a: images.Images, b: images.Images):
    for name in folders.IDX_FILES:
        np.testing.assert_array_equal(getattr(a, name), getattr(b, name))


# --- IDX ---------------------------------------------------------------------------------------


@given(array=BYTES, packed=st.booleans())
@SHARED_FOLDER
def test_idx_round_trip(tmp_path, array, packed):
    path = write(tmp_path / "a", idx(array), packed)
    np.testing.assert_array_equal(folders.read_idx(path, array.ndim), array)


@given(array=BYTES, packed=st.booleans(), data=st.data())
@SHARED_FOLDER
def test_idx_cut_anywhere_is_refused(tmp_path, array, packed, data):
    content = idx(array)
    cut = data.draw(st.integers(0, len(content) - 1))
    path = write(tmp_path / "cut", content[:cut], packed)
    with pytest.raises(ValueError, match=r"cut: "):
        folders.read_idx(path, array.ndim)


@given(array=BYTES, data=st.data())
@SHARED_FOLDER
def test_gzip_cut_anywhere_is_refused(tmp_path, array, data):
    content = gzip.compress(idx(array))
    cut = data.draw(st.integers(0, len(content) - 1))
    with pytest.raises(ValueError, match=r"cut: "):
        folders.read_idx(write(tmp_path / "cut", content[:cut], False), array.ndim)


@given(array=BYTES, packed=st.booleans(), more=st.binary(min_size=1, max_size=9))
@SHARED_FOLDER
def test_idx_with_more_bytes_is_refused(tmp_path, array, packed, more):
    path = write(tmp_path / "long", idx(array) + more, packed)
    with pytest.raises(ValueError, match=r"long: more than the \d+ bytes"):
        folders.read_idx(path, array.ndim)


@given(content=st.binary(max_size=64), packed=st.booleans(), dimensions=st.integers(1, 3))
@SHARED_FOLDER
def test_any_other_bytes_are_refused(tmp_path, content, packed, dimensions):
    path = write(tmp_path / "noise", content, packed)
    try:
        array = folders.read_idx(path, dimensions)
    except ValueError:
        return
    assert idx(array) == content


@given(array=BYTES, data=st.data())
@SHARED_FOLDER
def test_a_damaged_gzip_is_refused_or_unharmed(tmp_path, array, data):
    content = bytearray(gzip.compress(idx(array)))
    content[data.draw(st.integers(0, len(content) - 1))] ^= data.draw(st.integers(1, 255))
    path = write(tmp_path / "damaged", content, False)
    try:
        result = folders.read_idx(path, array.ndim)
    except ValueError:
        return
    np.testing.assert_array_equal(result, array)  # time and name in a gzip header mean nothing


@pytest.mark.parametrize(
    "magic",
    ["00000d01", "00000801", "00000804", "01000803", "0000", "", "00000003", "89504e47"],
)
def test_wrong_magic_is_named(tmp_path, magic):
    path = write(tmp_path / "a", bytes.fromhex(magic) + bytes(40), False)
    with pytest.raises(ValueError, match="a: 0x00000803 expected at its beginning, 0x"):
        folders.read_idx(path, 3)


@pytest.mark.parametrize("packed", [False, True])
@pytest.mark.parametrize("shape", [(2**32 - 1,) * 3, (60_000, 28, 28), (0, 28, 28), (28, 28, 0)])
def test_impossible_sizes_are_refused_before_anything_is_allocated(tmp_path, packed, shape):
    content = bytes((0, 0, 8, 3)) + struct.pack(">3I", *shape) + bytes(100)
    path = write(tmp_path / "a", content, packed)
    tracemalloc.start()
    with pytest.raises(ValueError, match=re.escape(str(shape))):
        folders.read_idx(path, 3)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 2**20


def test_a_decompression_bomb_is_not_unpacked(tmp_path):
    honest = idx(np.zeros((1, 2, 2), np.uint8))
    path = write(tmp_path / "bomb", honest + bytes(10**8), True)
    tracemalloc.start()
    with pytest.raises(ValueError, match="more than the 4 bytes"):
        folders.read_idx(path, 3)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 2**21


def test_a_bomb_with_a_matching_header_is_bounded(tmp_path):
    path = write(tmp_path / "bomb", idx(np.zeros((100, 1000, 1000), np.uint8)), True)
    with pytest.raises(ValueError, match=r"claims 100000000 bytes .* 1 to 1000000 are possible"):
        folders.read_idx(path, 3, max_bytes=10**6)


def test_missing_idx_file_is_named(tmp_path):
    with pytest.raises(FileNotFoundError, match="absent"):
        folders.read_idx(tmp_path / "absent", 1)


def write_idx_folder(folder, data: images.Images, packed: bool):
    folder.mkdir(exist_ok=True)
    for name, file in folders.IDX_FILES.items():
        path = folder / (file if packed else file.removesuffix(".gz"))
        write(path, idx(getattr(data, name)), packed)


@pytest.mark.parametrize("packed", [False, True])
def test_idx_folder(tmp_path, packed):
    data = small_images()
    write_idx_folder(tmp_path, data, packed)
    assert_same(folders.load_idx_folder(tmp_path), data)


def test_idx_folder_that_lacks_a_file(tmp_path):
    write_idx_folder(tmp_path, small_images(), True)
    (tmp_path / "t10k-labels-idx1-ubyte.gz").unlink()
    with pytest.raises(FileNotFoundError, match="t10k-labels"):
        folders.load_idx_folder(tmp_path)


def test_a_folder_named_like_an_idx_file_is_none(tmp_path):
    data = small_images()
    write_idx_folder(tmp_path, data, False)
    (tmp_path / "t10k-labels-idx1-ubyte.gz").mkdir()
    assert_same(folders.load_idx_folder(tmp_path), data)


def test_idx_folder_whose_files_do_not_fit_together(tmp_path):
    write_idx_folder(tmp_path, small_images(), True)
    write(tmp_path / "t10k-labels-idx1-ubyte.gz", idx(np.zeros(9, np.uint8)), True)
    with pytest.raises(ValueError, match=r"test_labels: uint8 \(4,\) expected, uint8 \(9,\) found"):
        folders.load_idx_folder(tmp_path)


# --- the decoded form --------------------------------------------------------------------------


def test_saved_images_are_loaded_without_reading_them(tmp_path):
    data = small_images()
    images.save(data, tmp_path / "new" / "folder")
    loaded = images.load(tmp_path / "new" / "folder")
    assert_same(loaded, data)
    assert isinstance(loaded.train_images, np.memmap)
    assert loaded.size == (5, 3)
    assert len(list((tmp_path / "new" / "folder").iterdir())) == 4


def test_saving_twice_gives_the_same_bytes(tmp_path):
    for folder in ("a", "b"):
        images.save(small_images(), tmp_path / folder)
    for path in (tmp_path / "a").iterdir():
        assert path.read_bytes() == (tmp_path / "b" / path.name).read_bytes()


@pytest.mark.parametrize(
    ("name", "array", "reason"),
    [
        ("train_images", np.zeros((6, 5, 3)), "train_images: uint8"),
        ("train_images", np.zeros((6, 15), np.uint8), "train_images: uint8"),
        ("train_images", np.zeros((0, 5, 3), np.uint8), "train_images: uint8"),
        ("train_labels", np.zeros(5, np.uint8), r"train_labels: uint8 \(6,\) expected"),
        ("test_images", np.zeros((4, 3, 5), np.uint8), r"test_images: uint8 \(n, 5, 3\)"),
        ("test_labels", np.zeros(4, np.int64), "test_labels: uint8"),
        ("test_labels", np.array([None]), r"test_labels\.npy: not a readable"),
    ],
)
def test_a_stored_array_that_does_not_fit_is_named(tmp_path, name, array, reason):
    images.save(small_images(), tmp_path)
    np.save(tmp_path / f"{name}.npy", array)
    with pytest.raises(ValueError, match=reason):
        images.load(tmp_path)


@pytest.mark.parametrize("cut", [0, 5, 130, 200])
def test_a_stored_array_that_is_cut_is_named(tmp_path, cut):
    images.save(small_images(), tmp_path)
    path = tmp_path / "train_images.npy"
    path.write_bytes(path.read_bytes()[:cut])
    with pytest.raises(ValueError, match=r"train_images\.npy: not a readable"):
        images.load(tmp_path)


def test_a_stored_array_whose_header_is_damaged_is_named(tmp_path):
    """NumPy's reader of headers lets a tokenizer's error through."""
    images.save(small_images(), tmp_path)
    path = tmp_path / "train_images.npy"
    path.write_bytes(path.read_bytes().replace(b"(6, 5, 3)", b"(6, 5, 3("))
    with pytest.raises(ValueError, match=r"train_images\.npy: not a readable"):
        images.load(tmp_path)


def test_a_missing_stored_array_is_named(tmp_path):
    with pytest.raises(FileNotFoundError, match=r"train_images\.npy"):
        images.load(tmp_path)


def test_npz(tmp_path):
    data = small_images()
    content = {name: getattr(data, name) for name in folders.IDX_FILES}
    content["train_labels"] = content["train_labels"].astype(np.int64)
    np.savez_compressed(tmp_path / "mine.npz", **content)
    assert_same(folders.load_npz(tmp_path / "mine.npz"), data)


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"test_labels": None}, "lacks test_labels"),
        ({"test_images": np.zeros((4, 15))}, "test_images: uint8"),
        ({"test_labels": np.array([1, 2, 3, 256])}, "test_labels: uint8"),
        ({"test_labels": np.array([1, 2, 3, -1])}, "test_labels: uint8"),
    ],
)
def test_npz_that_does_not_fit_is_refused(tmp_path, change, reason):
    data = small_images()
    content = {name: getattr(data, name) for name in folders.IDX_FILES} | change
    np.savez(tmp_path / "mine.npz", **{k: v for k, v in content.items() if v is not None})
    with pytest.raises(ValueError, match=rf"mine\.npz: {reason}"):
        folders.load_npz(tmp_path / "mine.npz")


# --- a user's own folder -------------------------------------------------------------------------

CLASSES = ["cat", "dog"]


def write_png(path, pixels, mode="L"):
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(pixels).convert(mode).save(path, "PNG")


def png_folder(folder, parts=("",), count=5, size=(6, 4)):
    """``count`` images a class and part, each of one gray level that no other has."""
    level = 100
    for part in parts:
        for name in CLASSES:
            for i in range(count):
                level += 1
                write_png(folder / part / name / f"{i:02}.png", np.full(size, level, np.uint8))
    return folder


def test_png_files_of_a_class_folder_are_split_by_name(tmp_path):
    result = folders.load_folder(png_folder(tmp_path), CLASSES, test_every=3)
    assert result.size == (6, 4)
    assert result.train_images[:, 0, 0].tolist() == [101, 102, 104, 105, 106, 107, 109, 110]
    assert result.train_labels.tolist() == [0] * 4 + [1] * 4
    assert result.test_images[:, 0, 0].tolist() == [103, 108]
    assert result.test_labels.tolist() == [0, 1]


def test_png_files_already_split_stay_split(tmp_path):
    png_folder(tmp_path, ("train", "test"), count=2)
    result = folders.load_folder(tmp_path, CLASSES, test_every=None)
    assert result.train_images[:, 0, 0].tolist() == [101, 102, 103, 104]
    assert result.test_images[:, 0, 0].tolist() == [105, 106, 107, 108]
    assert result.test_labels.tolist() == [0, 0, 1, 1]


@pytest.mark.parametrize("mode", ["1", "L", "LA", "P", "RGB", "RGBA"])
def test_png_files_of_any_color_become_gray(tmp_path, mode):
    for name in CLASSES:
        for i in range(2):
            write_png(tmp_path / name / f"{i}.png", 255 * np.eye(3, dtype=np.uint8), mode)
    result = folders.load_folder(tmp_path, CLASSES, 2).train_images
    assert result.tolist() == [[[255, 0, 0], [0, 255, 0], [0, 0, 255]]] * 2


def test_idx_and_npz_are_recognized(tmp_path):
    data = small_images(classes=2)
    write_idx_folder(tmp_path / "idx", data, True)
    np.savez(tmp_path / "mine.npz", **{f: getattr(data, f) for f in images.FIELDS})
    for path in (tmp_path / "idx", tmp_path / "mine.npz"):
        assert_same(folders.load_folder(path, CLASSES, None), data)
        with pytest.raises(images.DataError, match=r"label \d, but 1 class names are given$"):
            folders.load_folder(path, CLASSES[:1], None)


def spoil(kind, folder):
    """Make a folder of PNG files one that cannot be used; return what the error says."""
    file = folder / "dog" / "01.png"
    if kind == "absent":
        return "nothing: no such file or folder"
    if kind == "split":
        return "without train and test folders it needs test_every"
    if kind == "class":
        (folder / "cow").mkdir()
        return "a folder cow is not among the class names given"
    if kind == "missing":
        (folder / "dog").rename(folder.parent / "dog")
        return "a folder dog is missing"
    if kind == "empty":
        for path in folder.rglob("*.png"):
            path.unlink()
        return "0 training and 0 test images of the class cat"
    if kind == "size":
        write_png(file, np.zeros((4, 6), np.uint8))
        return r"01.png: 4 x 6 pixels \(height, width\), the first image has 6 x 4"
    if kind == "deep":
        Image.fromarray(np.zeros((6, 4), np.uint16)).save(file, "PNG")
        return "01.png: at most 8 bits a channel expected, mode I;16 found"
    if kind == "cut":
        file.write_bytes(file.read_bytes()[:45])
    if kind == "other":
        file.write_bytes(b"II*\0 a text")
    return "01.png: not a readable picture"


@pytest.mark.parametrize(
    "kind",
    ["absent", "split", "class", "missing", "empty", "size", "deep", "cut", "other"],
)
def test_a_folder_that_cannot_be_used_is_one_clear_line(tmp_path, kind):
    folder = png_folder(tmp_path / "own")
    message = spoil(kind, folder)
    path, every = (folder, None if kind == "split" else 2)
    if kind == "absent":
        path = tmp_path / "nothing"
    with pytest.raises((images.DataError, FileNotFoundError), match=message) as caught:
        folders.load_folder(path, CLASSES, every)
    assert "\n" not in str(caught.value)


def test_the_size_of_png_files_is_checked_before_they_are_decoded(tmp_path, monkeypatch):
    png_folder(tmp_path)
    monkeypatch.setattr(folders, "_read_picture", None)
    with pytest.raises(images.DataError, match="240 pixels in all, 239 are possible"):
        folders.load_picture_folder(tmp_path, CLASSES, 3, max_bytes=239)


def write_npz(path, data):
    np.savez(path, **{name: getattr(data, name) for name in folders.IDX_FILES})


def source(kind, folder):
    """A data set of two classes, in that form, in a folder; the arguments that read it."""
    data = small_images(classes=2)
    if kind == "npz":
        folder.mkdir(exist_ok=True)
        write_npz(folder / "mine.npz", data)
        return folder / "mine.npz", CLASSES, None
    if kind == "idx":
        write_idx_folder(folder, data, True)
        return folder, CLASSES, None
    if kind == "split":
        return png_folder(folder, ("train", "test"), count=2), CLASSES, None
    return png_folder(folder, count=4), CLASSES, 3


FORMS = pytest.mark.parametrize("kind", ["npz", "idx", "split", "png"])


@FORMS
def test_the_source_files_are_those_that_are_opened(tmp_path, kind):
    opened = []
    read = source(kind, tmp_path / "own")
    # hooks cannot be removed: this one falls silent
    hook = [lambda event, args: event == "open" and opened.append(str(args[0]))]
    sys.addaudithook(lambda event, args: hook[0](event, args))
    folders.load_folder(*read)
    hook[0] = lambda event, args: None
    result = [str(file) for file in folders.source_files(*read)]
    assert set(result) == {path for path in opened if path.startswith(str(tmp_path))}
    assert len(result) == {"npz": 1, "idx": 4, "split": 8, "png": 8}[kind]


@FORMS
def test_the_digest_is_of_the_source_files_alone(tmp_path, kind):
    read = source(kind, tmp_path / "own")
    files = folders.source_files(*read)
    before = folders.digest(*read)
    assert before == folders.digest(*source(kind, tmp_path / "copy"))
    for file in files:
        content = file.read_bytes()
        file.write_bytes(content + b"x")
        assert folders.digest(*read) != before, file
        file.write_bytes(content)
    for folder in {file.parent for file in files} | {tmp_path / "own"}:
        for name in (".DS_Store", "Thumbs.db", "._00.png", ".x.png", "notes.txt"):
            (folder / name).write_bytes(b"stray")
    assert folders.digest(*read) == before
    folders.load_folder(*read)


@pytest.mark.parametrize("other", [("dog", "05.png"), ("cat", "05.png")])
def test_the_digest_covers_names(tmp_path, other):
    """A file under another name, or of another class, is another data set."""
    read = source("png", tmp_path)
    before = folders.digest(*read)
    (tmp_path / "dog/03.png").rename(tmp_path.joinpath(*other))
    assert folders.digest(*read) != before


def test_the_digest_covers_how_it_is_read(tmp_path):
    """The same files split otherwise, other classes' numbers, other forms side by side."""
    path, classes, _ = source("png", tmp_path)
    result = {
        folders.digest(path, classes, 2),
        folders.digest(path, classes, 3),
        folders.digest(path, classes[::-1], 3),
    }
    write_idx_folder(tmp_path, small_images(classes=2), True)
    result.add(folders.digest(path, classes, 3))
    assert len(result) == 4


def test_the_plain_file_beside_a_packed_one_is_not_read(tmp_path):
    read = source("idx", tmp_path)
    before = folders.digest(*read)
    (tmp_path / "t10k-labels-idx1-ubyte").write_bytes(b"another")
    assert folders.digest(*read) == before


def test_a_name_that_is_no_text_has_a_digest(tmp_path):
    read = source("png", tmp_path)
    before = folders.digest(*read)
    try:
        (tmp_path / "dog/02.png").rename(os.fsdecode(bytes(tmp_path / "dog") + b"/\xff.png"))
    except OSError:
        pytest.skip("this file system allows text alone")
    assert folders.digest(*read) != before


@pytest.mark.parametrize("linked", ["set", "class", "split", "file"])
def test_contents_behind_links_count(tmp_path, linked):
    """Whatever is a link: the set itself, a class, train, a file."""
    real = png_folder(tmp_path / "real", ("train", "test"), count=2)
    own = tmp_path / "own"
    if linked == "set":
        own.symlink_to(real)
    elif linked == "split":
        own.mkdir()
        for part in ("train", "test"):
            (own / part).symlink_to(real / part)
    else:
        png_folder(own, ("train", "test"), count=2)
        place = "train/dog" if linked == "class" else "train/dog/00.png"
        (own / place).rename(tmp_path / "away")
        (own / place).symlink_to(real / place)
    assert_same(folders.load_folder(own, CLASSES, None), folders.load_folder(real, CLASSES, None))
    before = folders.digest(own, CLASSES, None)
    assert before == folders.digest(real, CLASSES, None)
    write_png(real / "train/dog/00.png", np.full((6, 4), 99, np.uint8))
    after = folders.digest(own, CLASSES, None)
    assert before != after == folders.digest(real, CLASSES, None)


def test_links_in_circles_are_no_trap(tmp_path):
    read = source("png", tmp_path / "own")
    folder, before = read[0], folders.digest(*read)
    (folder / "cat/up").symlink_to(folder)
    (folder / ".self").symlink_to(folder)
    (folder / "loop").symlink_to(folder / "loop")
    assert folders.digest(*read) == before
    folders.load_folder(*read)
    (tmp_path / "loop").symlink_to(tmp_path / "loop")
    with pytest.raises(FileNotFoundError, match="loop: no such file or folder"):
        folders.digest(tmp_path / "loop", CLASSES, 3)


@pytest.mark.parametrize("kind", ["nowhere", "itself", "folder", "pipe"])
def test_what_is_no_file_is_no_png_file(tmp_path, kind):
    """A pipe would be waited for."""
    read = source("png", tmp_path / "own")
    file = tmp_path / "own/dog/01.png"
    file.unlink()
    if kind == "folder":
        file.mkdir()
    elif kind == "pipe":
        os.mkfifo(file)
    else:
        file.symlink_to(file if kind == "itself" else tmp_path / "nothing")
    for function in (folders.load_folder, folders.digest, folders.source_files):
        with pytest.raises(images.DataError, match=r"01\.png: not a readable picture \(PNG, "):
            function(*read)


@pytest.mark.parametrize("part", ["", "train"])
@pytest.mark.parametrize("name", [".git", ".ipynb_checkpoints", ".x"])
def test_hidden_folders_are_no_classes(tmp_path, part, name):
    read = source("split" if part else "png", tmp_path)
    before = folders.digest(*read)
    write_png(tmp_path / part / name / "0.png", np.zeros((6, 4), np.uint8))
    (tmp_path / part / "readme.txt").touch()
    assert folders.digest(*read) == before
    folders.load_folder(*read)


def test_a_class_may_have_a_hidden_name(tmp_path):
    read = source("png", tmp_path)
    (tmp_path / "dog").rename(tmp_path / ".dog")
    assert len(folders.load_folder(tmp_path, ["cat", ".dog"], read[2]).train_images) == 6


@pytest.mark.parametrize("kind", ["absent", "split", "class", "missing", "empty"])
def test_the_digest_refuses_what_the_reader_refuses(tmp_path, kind):
    """With the same words: it is asked first."""
    folder = png_folder(tmp_path / "own")
    spoil(kind, folder)
    path = tmp_path / "nothing" if kind == "absent" else folder
    read = path, CLASSES, None if kind == "split" else 2
    with pytest.raises((images.DataError, FileNotFoundError)) as reader:
        folders.load_folder(*read)
    with pytest.raises(reader.type, match=f"^{re.escape(str(reader.value))}$"):
        folders.digest(*read)


def test_the_digest_of_an_incomplete_idx_folder_is_refused(tmp_path):
    read = source("idx", tmp_path)
    (tmp_path / "t10k-labels-idx1-ubyte.gz").unlink()
    with pytest.raises(FileNotFoundError, match=r"t10k-labels-idx1-ubyte\.gz: no such file"):
        folders.digest(*read)


# --- digits ------------------------------------------------------------------------------------


DIGITS_SHA256 = "1a5247c6725c0ab953d42b0dc53e873feb3631e3dcf5335d509ad71a0310e5a4"


def test_digits_are_the_same_everywhere():
    data = digits.digits()
    assert data.train_images.shape == (1297, 28, 28)
    assert data.test_images.shape == (500, 28, 28)
    content = b"".join(getattr(data, name).tobytes() for name in folders.IDX_FILES)
    assert sha256(content) == DIGITS_SHA256


def test_digits_are_split_by_class():
    data = digits.digits()
    train, test = np.bincount(data.train_labels), np.bincount(data.test_labels)
    share = (train + test) * 500 / 1797
    assert np.all(np.abs(test - share) <= 1)


def test_digits_are_the_originals_interpolated():
    from scipy.interpolate import RegularGridInterpolator
    from sklearn.datasets import load_digits

    data = digits.digits()
    large = np.concatenate([data.train_images, data.test_images])
    labels = np.concatenate([data.train_labels, data.test_labels])
    small, small_labels = load_digits(return_X_y=True)
    place = np.clip((np.arange(28) + 0.5) * 8 / 28 - 0.5, 0, 7)
    grid = np.stack(np.meshgrid(place, place, indexing="ij"), -1)
    expected = RegularGridInterpolator((range(8), range(8)), small[0].reshape(8, 8))(grid)
    result = large[np.argmin(np.abs(large - expected * 255 / 16).sum((1, 2)))]
    assert np.abs(result - expected * 255 / 16).max() <= 0.5 + 1e-9
    np.testing.assert_array_equal(np.bincount(labels), np.bincount(small_labels))


# --- fetch -------------------------------------------------------------------------------------

CONTENT = b"\x1f\x8bs file" * 1000  # begins as a .gz file does


class Handler(http.server.BaseHTTPRequestHandler):
    """/good/x gives CONTENT, /html/x a page, /cut/x half of it, /flaky/x fails at first ..."""

    counts: Counter

    def do_GET(self):
        kind = self.path.split("/")[1]
        self.counts[kind] += 1
        body, claimed = CONTENT, len(CONTENT)
        if kind == "html":
            body = b"<html>Please log in</html>"
            claimed = len(body)
        if kind == "cut" or (kind == "flaky_cut" and self.counts[kind] < 3):
            body = CONTENT[:4000]
        if kind == "gzip":
            body = gzip.compress(CONTENT)
            claimed = len(body)
        broken = kind == "flaky" and self.counts[kind] < 3
        self.send_response({"missing": 404, "loop": 302}.get(kind, 503 if broken else 200))
        if kind == "gzip":
            self.send_header("Content-Encoding", "gzip")
        if kind == "loop":
            self.send_header("Location", self.path)
        self.send_header("Content-Length", "many" if kind == "length" else str(claimed))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        pass


@pytest.fixture
def server(monkeypatch):
    monkeypatch.setenv("NO_PROXY", "*")
    monkeypatch.setattr(download.time, "sleep", lambda _: None)
    handler = type("Counted", (Handler,), {"counts": Counter()})
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as running:
        thread = threading.Thread(target=running.serve_forever, args=[0.02], daemon=True)
        thread.start()
        running.url = f"http://127.0.0.1:{running.server_address[1]}"
        running.counts = handler.counts
        yield running
        running.shutdown()
        thread.join()


@pytest.fixture
def dead_url():
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        return f"http://127.0.0.1:{unused.getsockname()[1]}/dead"


def fetch(tmp_path, mirrors, source=None, digest=None):
    digest = digest or sha256(CONTENT)
    return download.fetch("set", source, mirrors, {"file.gz": digest}, tmp_path / "cache")


def nothing_left(tmp_path):
    cache = tmp_path / "cache"
    return not cache.exists() or not list(cache.iterdir())


def test_fetch_from_a_folder_first(tmp_path, server):
    (tmp_path / "mirror" / "set").mkdir(parents=True)
    (tmp_path / "mirror" / "set" / "file.gz").write_bytes(CONTENT)
    for source in (f"{tmp_path}/mirror", f"{tmp_path}/mirror/", (tmp_path / "mirror").as_uri()):
        result = fetch(tmp_path, [f"{server.url}/good"], source)
        assert result["file.gz"].read_bytes() == CONTENT
        result["file.gz"].unlink()
    assert not server.counts


def test_fetch_from_a_url_laid_out_like_the_folder(tmp_path, server):
    fetch(tmp_path, [], f"{server.url}/good/")
    assert server.counts == {"good": 1}


def test_a_folder_that_lacks_the_data_set_is_passed_over(tmp_path, server):
    fetch(tmp_path, [f"{server.url}/good"], str(tmp_path / "mirror"))
    assert server.counts == {"good": 1}


def test_what_is_there_is_not_fetched_again(tmp_path, server):
    for _ in range(2):
        fetch(tmp_path, [f"{server.url}/good"])
    assert server.counts == {"good": 1}


def test_what_is_there_but_damaged_is_fetched_again(tmp_path, server):
    path = fetch(tmp_path, [f"{server.url}/good"])["file.gz"]
    path.write_bytes(b"damaged")
    assert fetch(tmp_path, [f"{server.url}/good"])["file.gz"].read_bytes() == CONTENT


def test_other_bytes_are_named_and_the_next_mirror_is_asked(tmp_path, server):
    (tmp_path / "mirror" / "set").mkdir(parents=True)
    (tmp_path / "mirror" / "set" / "file.gz").write_bytes(b"\x1f\x8bother")
    mirrors = [f"{server.url}/html", f"{server.url}/good"]
    result = fetch(tmp_path, mirrors, str(tmp_path / "mirror"))
    assert result["file.gz"].read_bytes() == CONTENT
    assert server.counts == {"html": 1, "good": 1}


def test_other_bytes_everywhere_are_one_line_that_names_each_place(tmp_path, server, dead_url):
    mirrors = [f"{server.url}/good", f"{server.url}/html", dead_url]
    with pytest.raises(images.DataError) as caught:
        fetch(tmp_path, mirrors, digest="0" * 64)
    assert not isinstance(caught.value, download.Unreachable)  # a network would not help
    message = str(caught.value)
    assert "\n" not in message
    expected = ("set: file.gz", "hash", "0" * 64, sha256(CONTENT), "no connection", *mirrors)
    for part in expected:
        assert part in message
    assert server.counts == {"good": 1, "html": 1}
    assert nothing_left(tmp_path)


def test_a_file_that_its_server_calls_encoded_is_kept_as_sent(tmp_path, server):
    packed = gzip.compress(CONTENT)
    result = fetch(tmp_path, [f"{server.url}/gzip"], digest=sha256(packed))
    assert result["file.gz"].read_bytes() == packed


@pytest.mark.parametrize("kind", ["flaky", "flaky_cut"])
def test_a_broken_transfer_is_repeated(tmp_path, server, kind):
    assert fetch(tmp_path, [f"{server.url}/{kind}"])["file.gz"].read_bytes() == CONTENT
    assert server.counts == {kind: 3}


@pytest.mark.parametrize(("kind", "requests"), [("cut", 3), ("missing", 1)])
def test_a_mirror_without_the_file_is_passed_over(tmp_path, server, kind, requests):
    fetch(tmp_path, [f"{server.url}/{kind}", f"{server.url}/good"])
    assert server.counts == {kind: requests, "good": 1}


@pytest.mark.parametrize(
    ("address", "reason"),
    [
        ("nonsense://x", "No connection adapters"),
        ("http://[::1", "is not a valid host"),
        ("{url}/loop", "Exceeded 30 redirects"),
        ("{url}/length", "invalid literal for int"),
        ("{url}/cut", "the transfer broke off"),
        ("{url}/missing", "HTTP status 404"),
        ("{url}/html", "no .gz file came, but what begins with '<html>Please log in</htm'"),
        ("{dead}", "no connection"),
        ("{tls}", "no secure connection"),
        ("file:///none", "No such file or directory"),
        ("{folder}", "Is a directory"),
    ],
)
def test_whatever_is_wrong_with_a_mirror_the_next_is_asked(
    tmp_path, server, dead_url, address, reason
):
    (tmp_path / "folder" / "file.gz").mkdir(parents=True)
    address = address.format(
        url=server.url,
        tls=server.url.replace("http:", "https:"),
        dead=dead_url,
        folder=tmp_path / "folder",
    )
    with pytest.raises(download.Unreachable, match=re.escape(reason)) as caught:
        fetch(tmp_path, [address])
    assert f"{address} (" in str(caught.value)
    assert "\n" not in str(caught.value)
    assert nothing_left(tmp_path)
    assert fetch(tmp_path, [address, f"{server.url}/good"])["file.gz"].read_bytes() == CONTENT


@pytest.mark.parametrize(
    ("proxy", "reason"),
    [
        ("{dead}", "the proxy that the environment sets"),
        ("nonsense://x", "proxy"),
        ("http://", "the proxy that the environment sets"),
    ],
)
def test_a_proxy_that_is_wrong_is_named(tmp_path, server, dead_url, monkeypatch, proxy, reason):
    for name in ("NO_PROXY", "no_proxy"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("http_proxy", proxy.format(dead=dead_url))
    with pytest.raises(download.Unreachable, match=f"(?i){reason}"):
        fetch(tmp_path, ["http://images.invalid/set"])


def test_certificates_that_are_not_there_are_no_end(tmp_path, server, monkeypatch):
    """Another mirror may need none."""
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", "/nowhere.pem")
    secure = server.url.replace("http:", "https:")
    with pytest.raises(download.Unreachable, match=r"invalid path: /nowhere\.pem\)"):
        fetch(tmp_path, [secure])
    assert fetch(tmp_path, [secure, f"{server.url}/good"])["file.gz"].read_bytes() == CONTENT


def test_a_mirror_that_lacks_a_file_is_asked_last_for_the_others(
    tmp_path, server, dead_url, monkeypatch
):
    asked = []
    get = download._download

    def counted(url, target, pooch):
        asked.append(url)
        get(url, target, pooch)

    monkeypatch.setattr(download, "_download", counted)
    digests = dict.fromkeys(["a", "b", "c"], sha256(CONTENT))
    download.fetch("set", None, [dead_url, f"{server.url}/good"], digests, tmp_path)
    assert [url for url in asked if url.startswith(dead_url)] == [f"{dead_url}/a"]


def test_a_full_disk_is_no_fault_of_a_mirror(tmp_path, server, monkeypatch):
    (tmp_path / "file.gz").write_bytes(CONTENT)

    def full(*_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(download.Path, "write_bytes", full)
    with pytest.raises(OSError, match="No space left"):
        fetch(tmp_path, [str(tmp_path), f"{server.url}/good"])
    assert not server.counts
    assert nothing_left(tmp_path)


def test_no_mirror_left_is_one_line_that_says_what_to_do(tmp_path, server, dead_url):
    mirrors = [dead_url, f"{server.url}/cut", f"{server.url}/missing", "nonsense://x"]
    with pytest.raises(download.Unreachable) as caught:
        fetch(tmp_path, mirrors, str(tmp_path / "mirror"))
    message = str(caught.value)
    assert "\n" not in message
    expected = ("set: file.gz", "vae.datasets", "DATA_MIRROR", "no connection", "HTTP status 404")
    for part in (*expected, "broke off", "No such file", *mirrors):
        assert part in message
    assert nothing_left(tmp_path)


def test_no_mirror_at_all(tmp_path):
    with pytest.raises(download.Unreachable, match="no mirror is given"):
        fetch(tmp_path, [])


def test_a_host_that_does_not_exist_fails_in_seconds(tmp_path, monkeypatch):
    def unknown(*_args, **_kwargs):
        raise socket.gaierror(-2, "Name or service not known")

    monkeypatch.setenv("NO_PROXY", "*")
    monkeypatch.setattr(socket, "getaddrinfo", unknown)
    monkeypatch.setattr(download.time, "sleep", lambda _: pytest.fail("tried again"))
    with pytest.raises(download.Unreachable, match="no connection"):
        fetch(tmp_path, ["http://images.invalid/set"])


@pytest.mark.parametrize("terminal", [False, True])
def test_the_progress_bar_shows_in_a_terminal_only(tmp_path, server, capsys, monkeypatch, terminal):
    monkeypatch.setattr(download.sys.stderr, "isatty", lambda: terminal, raising=False)
    fetch(tmp_path, [f"{server.url}/good"])
    assert ("8.00k/8.00k" in capsys.readouterr().err) == terminal


@pytest.mark.skipif("DATA_MIRROR" not in os.environ, reason="DATA_MIRROR is not set")
@pytest.mark.parametrize("name", sorted(PUBLISHED_SHA256))
def test_the_published_data_sets(tmp_path, name):
    source = os.environ["DATA_MIRROR"]
    digests = dict(zip(folders.IDX_FILES.values(), PUBLISHED_SHA256[name], strict=True))
    paths = download.fetch(name, source, [], digests, tmp_path)
    assert sorted(paths) == sorted(folders.IDX_FILES.values())
    data = folders.load_idx_folder(tmp_path)
    assert data.train_images.shape == (60_000, 28, 28)
    assert data.test_images.shape == (10_000, 28, 28)
    assert len(np.unique(data.test_labels)) == 10
    images.save(data, tmp_path / "decoded")
    assert_same(images.load(tmp_path / "decoded"), data)
