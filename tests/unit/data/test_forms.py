"""What people have: every row of the tables of docs/data.md, on small files of that form."""

import contextlib
import gzip
import re
import struct
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st
from PIL import Image
from ruamel.yaml import YAML

from image_sets import idx
from latentlab.data import folders, font_files, fonts, pictures, stored
from latentlab.data.images import FIELDS, DataError

PAGE = (Path(__file__).parents[3] / "docs/data.md").read_text()
CLASSES = ["circle", "square"]


def table(name):
    """The rows of the table below a comment: what, how, the entry."""
    text = PAGE.partition(f"<!-- {name}: ")[2].split("\n\n")[0]
    rows = [line.strip("|").split("|") for line in text.splitlines()[3:]]
    assert rows, name
    return {what.strip(): YAML(typ="safe").load(entry.strip(" `")) for what, _, entry in rows}


# --- images ------------------------------------------------------------------------------------


def pixels(n=8, size=(6, 4), seed=0):
    """Images of which no two are alike, neither upright nor on their sides."""
    return np.random.default_rng(seed).integers(0, 256, (n, *size), np.uint8)


LABELS = np.arange(8, dtype=np.uint8) % 2
TRAIN, TEST = pixels(), pixels(seed=1)
SPLIT = dict(zip(FIELDS, (TRAIN, LABELS, TEST, LABELS), strict=True))


def write_pictures(folder, images=TRAIN, suffixes=("png",)):
    for i, image in enumerate(images):
        path = folder / CLASSES[i % 2] / f"{i}.{suffixes[i % len(suffixes)]}"
        path.parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray(image).save(path)


def write_npz(path, names=FIELDS, **changed):
    np.savez(path, **dict(zip(names, (SPLIT | changed).values(), strict=True)))


def write_idx(folder, names, arrays=SPLIT):
    folder.mkdir()
    for name, array in zip(names, arrays.values(), strict=True):
        (folder / name).write_bytes(idx(array))


def mixed(path):
    write_pictures(path, pixels(24), ["png", "bmp", "tiff", "webp", "pgm", "gif", "jpg"])


def split(path):
    write_pictures(path / "training", TRAIN)
    write_pictures(path / "testing", TEST)


def ragged(path):
    write_pictures(path, [pixels(1, (5 + i, 30 - i))[0] for i in range(24)])


def numbered(path, start):
    np.savez(path, images=pixels(48), labels=np.arange(48) % 2 + start)


def medmnist(path):
    color = np.repeat(TRAIN[..., None], 3, axis=-1)
    labels = LABELS[:, None].astype(np.int64)
    arrays = [color, labels, np.repeat(TEST[..., None], 3, axis=-1), labels]
    np.savez(path, **dict(zip(FIELDS, arrays, strict=True)), val_images=color, val_labels=labels)


def emnist(path):
    on_its_side = {k: v.swapaxes(1, 2) if v.ndim == 3 else v + 1 for k, v in SPLIT.items()}
    parts = ("train-images-idx3", "train-labels-idx1", "test-images-idx3", "test-labels-idx1")
    write_idx(path, [f"emnist-letters-{part}-ubyte" for part in parts], on_its_side)
    (path / "emnist-letters-mapping.txt").write_text("1 65 97\n")


def kmnist(path):
    path.mkdir()
    for name, array in zip(("train-imgs", "train-labels", "test-imgs", "test-labels"),
                           SPLIT.values(), strict=True):  # fmt: skip
        np.savez(path / f"kmnist-{name}.npz", array)


def by_the_code_block(path, header=True):
    """A table, and the lines of the page that make an .npz of it."""
    rows = ["label," + ",".join(f"p{i}" for i in range(784))] * header
    rows += [f"{i % 2}," + ",".join(map(str, pixels(1, (784,), i)[0])) for i in range(24)]
    folder = path.parents[1]
    (folder / "mnist_train.csv").write_text("\n".join(rows))
    with pytest.raises(DataError, match=r"mnist_train\.csv: a table; put its pixels and labels"):
        folders.load_folder(folder / "mnist_train.csv", CLASSES, 6)
    code = re.search(r"```python\n(.*?)```", PAGE, re.DOTALL)[1].replace('"data/', '"')
    exec(code.replace('"m', f'"{folder}/m'))
    (folder / "mine.npz").rename(path)


@pytest.mark.parametrize("header", [True, False])
def test_the_code_block_takes_each_image_of_a_table(tmp_path, header):
    """The first one too, where the table has no line of names."""
    (tmp_path / "data").mkdir()
    by_the_code_block(tmp_path / "data/mine.npz", header)
    with np.load(tmp_path / "data/mine.npz") as made:
        assert made["labels"].tolist() == [0, 1] * 12
        for i, image in enumerate(made["images"]):
            np.testing.assert_array_equal(image.ravel(), pixels(1, (784,), i)[0])


MNIST = [name.removesuffix(".gz") for name in folders.IDX_FILES.values()]
MAKERS = {  # by the row's first words: what makes the files, and whether they are TRAIN and TEST
    "pictures, a folder a class": (mixed, False),
    "pictures that are split": (split, True),
    "pictures of several sizes": (ragged, False),
    "an `.npz` with `train_images`": (write_npz, True),
    "Keras's": (lambda path: write_npz(path, ("x_train", "y_train", "x_test", "y_test")), True),
    "an `.npz` with `images`": (lambda path: numbered(path, 0), False),
    "arrays n x height x width x 1": (
        lambda path: write_npz(path, train_images=TRAIN[..., None], test_labels=LABELS[:, None]),
        True,
    ),
    "arrays of colors": (
        lambda path: write_npz(
            path,
            train_images=np.stack([TRAIN] * 3, axis=-1),
            test_images=np.stack([TEST] * 3, axis=-1),
        ),
        True,
    ),
    "numbers from 0 to 1": (
        lambda path: write_npz(path, train_images=TRAIN / 255, test_images=TEST / 255),
        True,
    ),
    "labels from 1": (
        lambda path: write_npz(path, train_labels=LABELS + 1, test_labels=LABELS + 1),
        True,
    ),
    "MedMNIST's": (medmnist, True),
    "MNIST's four files": (lambda path: write_idx(path, MNIST), True),
    "Kaggle's names": (
        lambda path: write_idx(path, [name.replace("-idx", ".idx") for name in MNIST]),
        True,
    ),
    "EMNIST": (emnist, True),
    "KMNIST": (kmnist, True),
    "a table": (by_the_code_block, False),
}
IMAGES = table("own images")


def maker(what):
    (found,) = [MAKERS[start] for start in MAKERS if what.startswith(start)]
    return found


@pytest.mark.parametrize("what", IMAGES)
def test_images_are_read_as_the_page_says(tmp_path, what):
    write, same = maker(what)
    entry = IMAGES[what]
    path = tmp_path / entry["path"]
    path.parent.mkdir()
    write(path)
    if what.startswith("a table"):
        entry = entry | {"test_every": 6}
    resize = tuple(entry["resize"]) if "resize" in entry else None
    result = folders.load_folder(path, CLASSES, entry.get("test_every"), resize)
    assert len(folders.digest(path, CLASSES, entry.get("test_every"))) == 64
    assert result.size == (resize or ((28, 28) if what.startswith("a table") else (6, 4)))
    assert set(result.train_labels.tolist()) == set(result.test_labels.tolist()) == {0, 1}
    if same:
        order = (
            np.argsort(LABELS, kind="stable") if path.is_dir() and split is write else slice(None)
        )
        for field, array in SPLIT.items():
            np.testing.assert_array_equal(getattr(result, field), array[order], field)


def test_no_maker_is_left_over():
    assert len(IMAGES) == len(MAKERS)


def test_what_is_not_read_is_told(tmp_path):
    medmnist(tmp_path / "a.npz")
    assert folders.left_out(tmp_path / "a.npz", CLASSES) == ["val_images", "val_labels"]
    write_npz(tmp_path / "a.npz")
    assert folders.left_out(tmp_path / "a.npz", CLASSES) == []
    np.savez(tmp_path / "a.npz", **SPLIT, images=TRAIN, labels=LABELS, x_test=TEST)
    assert folders.left_out(tmp_path / "a.npz", CLASSES) == ["images", "labels", "x_test"]
    np.savez(tmp_path / "a.npz", images=TRAIN, labels=LABELS, x_test=TEST, y_train=LABELS)
    assert len(folders.load_folder(tmp_path / "a.npz", CLASSES, 2).test_images) == 4
    assert folders.left_out(tmp_path / "a.npz", CLASSES) == ["x_test", "y_train"]
    split(tmp_path / "own")
    assert folders.left_out(tmp_path / "own", CLASSES) == []
    write_pictures(tmp_path / "own/val")
    assert folders.left_out(tmp_path / "own", CLASSES) == ["val"]
    assert folders.left_out(tmp_path / "nothing", CLASSES) == []


def refused(path, *arguments):
    with pytest.raises((DataError, FileNotFoundError)) as caught:
        folders.load_folder(path, CLASSES, *(arguments or (2,)))
    message = str(caught.value)
    assert "\n" not in message
    return message.removeprefix(f"{path}")


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"train_images": TRAIN.astype(float)}, None),
        ({"train_images": TRAIN / 127.5 - 1}, "pixels from -1 to"),
        ({"train_images": TRAIN + 0.5}, "not all of them whole numbers; round them"),
        ({"train_images": TRAIN * 257.0}, "pixels from 0 to 63993 found, allowed: whole"),
        ({"train_images": TRAIN * np.nan}, "192 of 384 pixels are nan or infinite, allowed"),
        ({"train_images": TRAIN.reshape(-1, 24)[:, :16]}, "reshape(-1, 4, 4) makes images of"),
        ({"train_images": np.stack([TRAIN] * 3, 1)}, "uint8 (8, 3, 6, 4) found"),
        ({"train_images": np.where(TRAIN > 99, np.inf, TRAIN / 255)}, "nan or infinite"),
        (
            {"train_images": np.stack([TRAIN] * 3, 1)},
            "found; numpy.moveaxis(train_images, 1, -1) has the colors at the end, they beco",
        ),
        ({"train_images": np.stack([TRAIN] * 4, -1)}, "found; train_images[..., :3] leaves out"),
        ({"train_images": np.stack([TRAIN] * 2, -1)}, "found; train_images[..., :1] leaves out"),
        (
            {"train_images": np.stack([TRAIN] * 3, -1).astype(int)},
            "found; train_images.astype('uint8') has colors from 0 to 255, they become gray",
        ),
        (
            {"train_images": TRAIN * 0 + 255, "test_images": TEST * 0 + 255},
            "all pixels are 255: no",
        ),
        (
            {"train_images": TRAIN == TRAIN, "test_images": TEST == TEST},
            "all pixels are 1: nothing",
        ),
        ({"train_labels": np.eye(8, dtype=int)}, "argmax(axis=1) makes labels of columns"),
        ({"train_labels": np.stack([LABELS] * 2, 1)}, "; train_labels[:, 0] is one column of them"),
        ({"train_labels": LABELS > 0}, "train_labels.astype('uint8') makes 0 and 1 of them"),
        ({"train_labels": np.where(LABELS, np.nan, 0)}, "4 of 8 that are no number (nan) found"),
        ({"train_labels": LABELS[:7]}, "train_images: 8 images, train_labels: 7 labels; each ima"),
        ({"train_labels": np.array(CLASSES * 4)}, "of a text, its place in classes is needed"),
        ({"train_labels": LABELS + 0.5}, "0.5 to 1.5 found"),
        ({"train_labels": LABELS + 2}, "has a label 3, but 2 class names are given"),
        ({"train_labels": LABELS * 0}, "no training image of the class square (label 1)"),
        ({"test_labels": LABELS * 0 + 1}, "no test image of the class circle (label 0)"),
        ({"train_labels": np.array(["a"] * 8, object)}, "save labels as whole numbers"),
    ],
)
def test_arrays_of_unclear_meaning_are_refused(tmp_path, change, reason):
    write_npz(tmp_path / "a.npz", **change)
    if reason:
        assert reason in refused(tmp_path / "a.npz")
    else:
        result = folders.load_folder(tmp_path / "a.npz", CLASSES, None)
        np.testing.assert_array_equal(result.train_images, TRAIN)


@pytest.mark.parametrize(
    ("highest", "reason"), [(16, "if they go from 0 to 16, multiply"), (0, "")]
)
def test_images_that_would_look_black_are_refused(tmp_path, highest, reason):
    """scikit-learn's digits are from 0 to 16."""
    write_npz(tmp_path / "a.npz", train_images=TRAIN % 17 * (highest > 0), test_images=TEST * 0)
    message = refused(tmp_path / "a.npz")
    assert f"the brightest of all pixels is {highest}, white is 255" in message
    assert reason in message


FULL = np.where(TRAIN < 9, 0, np.where(TRAIN > 245, 255, TRAIN))  # from 0 to 255


@pytest.mark.parametrize(
    ("train", "test", "ranges"),
    [
        (FULL, FULL > 99, "0 to 255, test pixels from 0 to 1"),
        (FULL, FULL // 255, "0 to 255, test pixels from 0 to 1"),
        (FULL, FULL // 15 % 17, "0 to 255, test pixels from 0 to 16"),
        (FULL, FULL / 255.0, "0 to 255, test pixels from 0 to 1"),
        (FULL // 255, FULL, "0 to 1, test pixels from 0 to 255"),
        (FULL / 255.0, FULL, "0 to 1, test pixels from 0 to 255"),
        (FULL / 255.0, FULL / 255.0**2, "0 to 1, test pixels from 0 to 0.00392156863"),
        (FULL, FULL * 0, "0 to 255, test pixels from 0 to 0"),
    ],
)
def test_parts_of_two_scales_are_refused(tmp_path, train, test, ranges):
    """By bytes or by numbers from 0 to 1, in any of the forms of arrays."""
    reason = f": training pixels from {ranges}: two scales; bring both to one"
    write_npz(tmp_path / "a.npz", train_images=train, test_images=test)
    assert refused(tmp_path / "a.npz").startswith(reason)
    if all(part.dtype.kind in "iu" for part in (train, test)):
        parts = SPLIT | {"train_images": train, "test_images": test}
        write_idx(tmp_path / "idx", MNIST, {k: v.astype(np.uint8) for k, v in parts.items()})
        assert refused(tmp_path / "idx").startswith(reason)


@pytest.mark.parametrize(
    ("train", "test"),
    [
        (TRAIN, TEST // 2),
        (TRAIN > 99, TEST > 99),
        (TRAIN / 255, TEST / 1000),
        (TRAIN, TEST.astype(float)),
        (TRAIN // 4, TEST),
    ],
)
def test_parts_of_one_scale_may_differ_in_range(tmp_path, train, test):
    write_npz(tmp_path / "a.npz", train_images=train, test_images=test)
    folders.load_folder(tmp_path / "a.npz", CLASSES, None)


@pytest.mark.parametrize("over", [1e-6, 9e-4])
def test_a_hair_beyond_0_and_1_is_rounding(tmp_path, over):
    """No advice to round, which would leave black and white alone."""
    for kind in (np.float32, np.float64):
        train = (TRAIN / TRAIN.max() * (1 + 2 * over) - over).astype(kind)
        assert train.min() < 0 < 1 < train.max()
        write_npz(tmp_path / "a.npz", train_images=train, test_images=TEST / 255)
        result = folders.load_folder(tmp_path / "a.npz", CLASSES, None)
        assert np.abs(result.train_images - TRAIN * (255.0 / TRAIN.max())).max() <= 1


def test_what_is_more_than_a_hair_is_told_truly(tmp_path):
    write_npz(tmp_path / "a.npz", train_images=TRAIN / 255 * 1.5)
    assert "two scales" in refused(tmp_path / "a.npz")
    write_npz(tmp_path / "a.npz", train_images=TRAIN / 255 * 1.5, test_images=TEST / 255 * 1.5)
    message = refused(tmp_path / "a.npz")
    assert "not all of them whole numbers; divide them so that they are from 0 to 1" in message
    write_npz(tmp_path / "a.npz", train_images=FULL / 255 * 255.0001)
    assert "to 255.0001 found, allowed: whole numbers" in refused(tmp_path / "a.npz")
    write_npz(tmp_path / "a.npz", train_images=FULL / 127 - 1, test_images=FULL / 255)
    assert "pixels from -1 to 1.00787402 found" in refused(tmp_path / "a.npz")
    write_npz(tmp_path / "a.npz", train_images=FULL / 170 - 0.4996, test_images=FULL / 255)
    assert "pixels from -0.4996 to 1.0004 found" in refused(tmp_path / "a.npz")
    write_npz(tmp_path / "a.npz", train_images=TRAIN / 2550, test_images=TEST / 2550)
    assert "the brightest of all pixels is 0.1, white is 1: nearly b" in refused(tmp_path / "a.npz")


@pytest.mark.parametrize("shape", [(6, 4, 8), (6, 4, 3, 8)])
def test_images_that_the_last_axis_counts_are_refused(tmp_path, shape):
    """MATLAB's order, with labels as it has them too."""
    images = np.resize(TRAIN, shape)
    reason = f"{shape} found, and 8 labels: the first axis must count the images; numpy.moveaxis"
    write_npz(tmp_path / "a.npz", train_images=images, test_images=images)
    assert f": train_images: {reason}" in refused(tmp_path / "a.npz")
    np.savez(tmp_path / "a.npz", images=images, labels=LABELS[None])
    assert f": images: {reason}" in refused(tmp_path / "a.npz")


def test_black_and_white_may_be_0_and_1(tmp_path):
    write_npz(tmp_path / "a.npz", train_images=TRAIN > 99, test_images=(TEST > 99).astype(int))
    result = folders.load_folder(tmp_path / "a.npz", CLASSES, None)
    np.testing.assert_array_equal(result.train_images, (TRAIN > 99) * 255)
    np.testing.assert_array_equal(result.test_images, (TEST > 99) * 255)


def test_an_npz_of_other_names_says_what_it_has(tmp_path):
    np.savez(tmp_path / "a.npz", arr_0=TRAIN)
    message = refused(tmp_path / "a.npz")
    assert (
        "lacks train_images, train_labels, test_images, test_labels; there is arr_0 (8, 6, 4)"
        in (message)
    )


@pytest.mark.parametrize(
    ("labels", "reason"),
    [
        (np.eye(2)[LABELS], "y: uint8 (n,), numbers from 0 to 255, expected, float64 (8, 2) found"),
        (LABELS > 0, "y: uint8 (n,), numbers from 0 to 255, expected, bool (8,) found; y.astype"),
        (LABELS[:5], "data: 8 images, y: 5 labels; each image needs one"),
    ],
)
def test_arrays_are_called_as_the_user_calls_them(tmp_path, labels, reason):
    """With the count that they have, before every second image becomes a test image."""
    np.savez(tmp_path / "a.npz", data=TRAIN, y=labels)
    assert f": {reason}" in refused(tmp_path / "a.npz")


def test_labels_may_be_a_row(tmp_path):
    write_npz(tmp_path / "a.npz", train_labels=LABELS[None])
    result = folders.load_folder(tmp_path / "a.npz", CLASSES, None)
    np.testing.assert_array_equal(result.train_labels, LABELS)


@pytest.mark.parametrize(
    "change",
    [
        lambda name: name.replace("-", "_"),
        lambda name: name.replace("emnist-", "EMNIST "),
        lambda name: name.replace("emnist-", "EMNIST."),
        lambda name: f"gzip-{name}",
        str.upper,
    ],
)
def test_emnist_is_upright_however_its_name_is_joined(tmp_path, change):
    emnist(tmp_path / "own")
    for path in list((tmp_path / "own").glob("*ubyte")):
        path.rename(path.with_name(change(path.name)))
    result = folders.load_folder(tmp_path / "own", CLASSES, None)
    np.testing.assert_array_equal(result.train_images, TRAIN)


@pytest.mark.parametrize("name", ["notmnist-", "femnist-", "kmnist_", "my_"])
def test_other_sets_are_not_turned(tmp_path, name):
    write_idx(tmp_path / "own", [f"{name}{file}" for file in MNIST])
    result = folders.load_folder(tmp_path / "own", CLASSES, None)
    np.testing.assert_array_equal(result.train_images, TRAIN)


def test_files_of_emnist_without_its_name_are_refused(tmp_path):
    write_idx(tmp_path / "EMNIST", MNIST)
    message = refused(tmp_path / "EMNIST")
    assert "a folder of EMNIST, with train-images-idx3-ubyte: if its images are on their" in message
    assert "call it emnist-train-images-idx3-ubyte, and so all four; else rename the f" in message


@pytest.mark.parametrize(
    ("spoiled", "reason"),
    [
        (lambda data: gzip.compress(gzip.compress(data)), "0x1f8b0800 found; it is packed twice"),
        (lambda data: b"\0\0\x0d" + data[3:], "0x00000d03 found; floats are not read: put the fo"),
        (lambda data: b"\0\0\x08\x01" + data[4:], "it has 1 dimensions, not 3: are images and la"),
        (lambda data: b"\0\0", "0x0000 found"),
    ],
)
def test_an_idx_file_of_other_content_says_what_it_may_be(tmp_path, spoiled, reason):
    write_idx(tmp_path / "own", MNIST)
    path = tmp_path / "own" / MNIST[0]
    path.write_bytes(spoiled(path.read_bytes()))
    assert f"/{MNIST[0]}: 0x00000803 expected at its beginning, " in refused(tmp_path / "own")
    assert reason in refused(tmp_path / "own")


def test_idx_files_that_are_not_read_are_told(tmp_path):
    write_idx(tmp_path / "own", MNIST)
    (tmp_path / "own/val-images-idx3-ubyte").write_bytes(b"")
    assert folders.left_out(tmp_path / "own", CLASSES) == ["val-images-idx3-ubyte"]


def save_each(folder):
    folder.mkdir()
    for name, array in SPLIT.items():
        np.save(folder / f"{name}.npy", array)


def save_batches(folder):
    folder.mkdir()
    for name in ("data_batch_1", "test_batch"):
        (folder / name).write_bytes(b"\x80\x04.")


@pytest.mark.parametrize(
    ("write", "reason"),
    [
        (save_each, "; put its arrays into an .npz: python -c"),
        (save_batches, "test_batch; CIFAR's batches are not read; put their arrays into an .npz"),
        (lambda path: write_pictures(path / "a"), "there is a; give the folder inside: "),
        (lambda path: split(path / "a"), "there is a; give the folder inside: "),
    ],
)
def test_a_folder_of_another_kind_is_told_what_to_do(tmp_path, write, reason):
    write(tmp_path / "own")
    assert ": a folder circle is missing, there is " in refused(tmp_path / "own")
    assert reason in refused(tmp_path / "own")


def test_the_command_that_makes_an_npz_makes_one(tmp_path):
    save_each(tmp_path / "own")
    code = refused(tmp_path / "own").partition('python -c "')[2].rstrip('"')
    subprocess.run([sys.executable, "-c", code], cwd=tmp_path / "own", check=True)
    result = folders.load_folder(tmp_path / "own/mine.npz", CLASSES, None)
    np.testing.assert_array_equal(result.train_images, TRAIN)


def test_a_folder_above_the_four_files_is_told_the_one_inside(tmp_path):
    """As torchvision downloads them."""
    (tmp_path / "own/MNIST").mkdir(parents=True)
    write_idx(tmp_path / "own/MNIST/raw", MNIST)
    message = refused(tmp_path / "own")
    assert f"there is MNIST; give the folder inside: {tmp_path / 'own/MNIST/raw'}" in message


def test_names_with_blanks_at_their_ends_are_shown_in_quotes(own):
    with pytest.raises(DataError, match=": a folder 'circle ' is missing, there is circle, squ"):
        folders.load_folder(own, ["circle ", "square"], 2)


def test_idx_files_of_other_names_are_told_the_names(tmp_path):
    write_idx(tmp_path / "own", ["a-ubyte", "b-ubyte", "c-ubyte", "d-ubyte"])
    message = refused(tmp_path / "own", None)
    assert (
        "train-images-idx3-ubyte.gz: no such file, nor without .gz; there is a-ubyte, b" in message
    )
    write_idx(tmp_path / "other", [f"{name.removesuffix('-ubyte')}.idx" for name in MNIST])
    message = refused(tmp_path / "other", None)
    assert "there is t10k-images-idx3.idx, t10k-labels-idx1.idx, train-images-idx3.idx, " in message
    assert "Names as MNIST, Kaggle, EMNIST and KMNIST have them are read" in message


def test_of_several_sets_one_is_needed(tmp_path):
    emnist(tmp_path / "own")
    for path in list((tmp_path / "own").iterdir()):
        (path.parent / path.name.replace("letters", "digits")).write_bytes(path.read_bytes())
    assert "files of several sets (emnist-digits, emnist-letters)" in refused(tmp_path / "own")


def test_the_two_layouts_of_one_kaggle_folder_are_read_once(tmp_path):
    """The files, and folders of their names with the same files."""
    write_idx(tmp_path / "own", [name.replace("-idx", ".idx") for name in MNIST])
    for name, array in zip(MNIST, SPLIT.values(), strict=True):
        write_idx(tmp_path / "own" / name, [name], {name: array})
    result = folders.load_folder(tmp_path / "own", CLASSES, None)
    np.testing.assert_array_equal(result.test_images, TEST)


@pytest.mark.parametrize(
    ("folder", "file"),
    [
        (lambda name: name.partition("-idx")[0], lambda name: name.replace("-idx", ".idx")),
        (lambda name: name.replace("-idx", ".idx"), lambda name: name.replace("-idx", ".idx")),
        (lambda name: name, lambda name: name.replace("-idx", ".idx")),
        (lambda name: f"{name}.gz", lambda name: name),
        (lambda name: name, lambda name: f"{name}.gz"),
    ],
)
def test_files_in_folders_of_their_names_are_read(tmp_path, folder, file):
    """As archivers unpack them: with a suffix or without, with points or dashes."""
    (tmp_path / "own").mkdir()
    for name, array in zip(MNIST, SPLIT.values(), strict=True):
        write_idx(tmp_path / "own" / folder(name), [file(name)], {name: array})
    result = folders.load_folder(tmp_path / "own", CLASSES, None)
    np.testing.assert_array_equal(result.test_images, TEST)
    sources = folders.source_files(tmp_path / "own", CLASSES, None)
    assert {path.name for path in sources} == {file(name) for name in MNIST}
    (tmp_path / "own" / folder(MNIST[3]) / file(MNIST[3])).rename(tmp_path / "other")
    assert "t10k-labels-idx1-ubyte.gz: no such file, nor" in refused(tmp_path / "own", None)


# --- pictures ----------------------------------------------------------------------------------


@pytest.fixture
def own(tmp_path):
    write_pictures(tmp_path / "own")
    return tmp_path / "own"


def test_no_picture_is_left_out(own):
    """Of 8 files one is a JPEG, one is called .PNG, one has the suffix of another format."""
    Image.fromarray(TRAIN[0]).save(own / "circle/0.jpeg")
    (own / "circle/0.png").unlink()
    (own / "circle/2.png").rename(own / "circle/2.PNG")
    Image.fromarray(TRAIN[1]).save(own / "square/1.png", "BMP")
    result = folders.load_folder(own, CLASSES, 2)
    assert (len(result.train_images), len(result.test_images)) == (4, 4)
    np.testing.assert_array_equal(result.train_images[2], TRAIN[1])


@pytest.mark.parametrize("name", ["circle/1.heic", "circle/1.npy", "circle/image", "circle/1.svg"])
def test_what_may_be_a_picture_is_not_passed_over(own, name):
    (own / name).write_bytes(b"anything")
    assert f"/{name}: no picture that is read (PNG, JPEG, " in refused(own)


def test_pictures_below_a_class_are_not_passed_over(own):
    write_pictures(own / "circle")
    assert "/circle/circle: a folder of pictures inside a class" in refused(own)


@pytest.mark.parametrize("every", [5, 2])
def test_a_class_without_test_images_is_said(own, every):
    if every == 2:
        for path in (own / "circle").iterdir():
            path.unlink()
        assert "0 training and 0 test images of the class circle, at least one" in refused(own)
    else:
        message = refused(own, every)
        assert "4 training and 0 test images of the class circle" in message
        assert "test_every: 5 takes one of 5 for a test" in message


def test_train_without_test_is_said(own):
    (own / "train").mkdir()
    assert ": a folder train, but train and test are needed" in refused(own)


def save_deep(path, kind):
    """Pictures of 16 bits a channel, which Pillow reads, but does not write in color."""
    deep = (TRAIN[0].astype(np.uint16) * 257)[..., None].repeat(3, -1)
    if kind == "png":
        import zlib

        rows = b"".join(b"\0" + row.astype(">u2").tobytes() for row in deep)
        chunks = [(b"IHDR", struct.pack(">2I5B", 4, 6, 16, 2, 0, 0, 0)),
                  (b"IDAT", zlib.compress(rows)), (b"IEND", b"")]  # fmt: skip
        path.write_bytes(
            b"\x89PNG\r\n\x1a\n"
            + b"".join(
                struct.pack(">I", len(data))
                + name
                + data
                + struct.pack(">I", zlib.crc32(name + data))
                for name, data in chunks
            )
        )
    else:
        path.write_bytes(b"P6 4 6 65535\n" + deep.astype(">u2").tobytes())


@pytest.mark.parametrize("kind", ["png", "ppm"])
def test_colors_of_16_bits_are_not_cut(own, kind):
    (own / "circle/0.png").unlink()
    save_deep(own / f"circle/0.{kind}", kind)
    assert "at most 8 bits a channel expected, 16 bits found; save it with 8" in refused(own)


def test_numbers_with_a_sign_are_not_read_as_others(own):
    """Of a TIFF Pillow would show -128 as 128."""
    (own / "circle/0.png").unlink()
    for sample_format in (1, 2):
        tags = {339: sample_format}
        Image.fromarray(TRAIN[0]).save(own / "circle/0.tif", tiffinfo=tags)
        if sample_format == 1:
            folders.load_folder(own, CLASSES, 2)
    assert "circle/0.tif: numbers with a sign found, unsigned ones from 0 to 255" in refused(own)


def test_of_several_pictures_in_a_file_none_is_cut(own):
    frames = [Image.fromarray(image) for image in TRAIN[:3]]
    frames[0].save(own / "circle/0.gif", save_all=True, append_images=frames[1:])
    (own / "circle/0.png").unlink()
    assert "circle/0.gif: 3 pictures in one file, one is needed" in refused(own)


def test_a_drawing_by_transparency_is_refused(own):
    drawn = np.zeros((6, 4, 4), np.uint8)
    drawn[2:4, :, 3] = 255  # black on nothing
    Image.fromarray(drawn).save(own / "circle/0.png")
    assert "nearly of one color, drawn by its transparency" in refused(own)
    drawn[2:4, :, :3] = 255
    Image.fromarray(drawn).save(own / "circle/0.png")
    assert folders.load_folder(own, CLASSES, 2).train_images[0].tolist() == drawn[..., 0].tolist()


def test_a_drawing_by_transparency_may_have_a_dot_of_another_color(own):
    drawn = np.zeros((24, 24, 4), np.uint8)
    drawn[4:20, 4:20] = 20, 20, 20, 255
    drawn[10:12, 10:12, 0] = 255
    Image.fromarray(drawn).save(own / "circle/0.png")
    assert "circle/0.png: nearly of one color, drawn by" in refused(own, 2, (6, 4))
    drawn[4:12, 4:20, :3] = 255  # half of it is light: it can be seen
    Image.fromarray(drawn).save(own / "circle/0.png")
    assert folders.load_folder(own, CLASSES, 2, (6, 4)).size == (6, 4)


def save_large(path, image=None):
    """A picture of noise, whose data have some length."""
    image = pixels(1, (60, 40))[0] if image is None else image
    Image.fromarray(image).save(path)


@pytest.mark.parametrize("place", ["circle/0", "circle/2", "square/1"])
@pytest.mark.parametrize("suffix", ["png", "jpg", "bmp", "gif", "tiff", "webp", "pgm"])
def test_a_cut_picture_is_named_wherever_it_is(own, suffix, place):
    """The first one too, whose size is asked first; with resize and without."""
    (own / f"{place}.png").unlink()
    file = own / f"{place}.{suffix}"
    save_large(file)
    content = file.read_bytes()
    for length in (0, 10, 30, len(content) // 4, len(content) * 3 // 4):
        file.write_bytes(content[:length])
        for resize in ((6, 4), None):
            message = refused(own, 2, resize)
            assert message.startswith(f"/{place}.{suffix}: not a readable picture"), message
            if resize is None and place != "circle/0":
                break


@given(st.data())
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=60)
def test_a_png_of_one_wrong_byte_is_refused_by_its_name(tmp_path, data):
    """Or it is read as it was: not each byte of its head matters."""
    image = pixels(1, (12, 9))[0]
    Image.fromarray(image).save(tmp_path / "a.png")
    content = bytearray((tmp_path / "a.png").read_bytes())
    content[data.draw(st.integers(0, len(content) - 1))] ^= data.draw(st.integers(1, 255))
    (tmp_path / "a.png").write_bytes(content)
    try:
        found = pictures.read_picture(tmp_path / "a.png")
    except DataError as error:
        assert str(error).startswith(f"{tmp_path / 'a.png'}: not a readable picture")  # noqa: PT017
    else:
        np.testing.assert_array_equal(found, image)


@pytest.mark.parametrize("error", [OSError, SyntaxError, IndexError, EOFError, struct.error])
def test_whatever_pillow_raises_the_file_is_named(own, monkeypatch, error):
    def fail(*_):
        raise error("odd")

    for name in ("getexif", "convert"):
        with monkeypatch.context() as patch:
            patch.setattr(Image.Image, name, fail)
            message = refused(own)
            assert message == "/circle/0.png: not a readable picture: odd; mend it, or move it away"


def test_a_picture_above_pillows_limit_is_said_to_be_too_large(own, monkeypatch):
    save_large(own / "circle/0.png")
    monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", 1000)
    assert "circle/0.png: too large, 2400 pixels, at most 2000 are read; make" in refused(own)


def test_a_photo_is_turned_as_its_camera_says(own):
    exif = Image.Exif()
    exif[0x0112] = 6  # the camera was held on its side
    for name in ("circle/0.png", "square/1.png"):
        on_its_side = np.rot90(TRAIN[int(name[-5])])
        Image.fromarray(on_its_side).save(own / name, exif=exif)
    result = folders.load_folder(own, CLASSES, 2)
    np.testing.assert_array_equal(result.train_images[0], TRAIN[0])


def test_names_with_accents_are_the_same_composed_or_not(tmp_path):
    write_pictures(tmp_path)
    (tmp_path / "circle").rename(tmp_path / "Nandu\u0303")
    result = folders.load_folder(tmp_path, ["Nand\u0169", "square"], 2)
    assert len(result.train_images) == 4


def test_a_class_of_no_folder_is_told_what_there_is(own):
    with pytest.raises(DataError, match="a folder oval is missing, there is circle, square; a"):
        folders.load_folder(own, ["oval"], 2)


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        ("a.mat", "not read; put its arrays into"),
        ("a.zip", "an archive; unpack it"),
        ("a.npy", "one array alone"),
        ("a.png", "one picture"),
        ("train-images.idx3-ubyte", "one of the four files of a set; give the folder of all"),
        ("train-images-idx3-ubyte.gz", "one of the four files of a set; give the folder of all"),
        ("a.txt", "not a file that is read; an .npz is (numpy.savez), a folder of MNIST's"),
        ("a.json", "not a file that is read"),
        ("a.tfrecord", "not a file that is read"),
        ("a", "not a file that is read"),
    ],
)
def test_a_file_of_another_kind_is_told_what_to_do(tmp_path, name, reason):
    (tmp_path / name).write_bytes(b"anything")
    assert reason in refused(tmp_path / name)
    with pytest.raises(DataError, match=re.escape(reason)):
        folders.digest(tmp_path / name, CLASSES, None)


def test_names_of_arrays():
    assert stored.fields_of(["X_train", "y_train", "other"]) == {
        "train_images": "X_train",
        "train_labels": "y_train",
    }


# --- fonts -------------------------------------------------------------------------------------


def glyphs(n, seed=3):
    """Letters of which no two are alike, and none is like its mirror image."""
    drawn = np.random.default_rng(seed).random((n, 7, 5)) < 0.4
    drawn[:, 0, :2] = True, False
    return drawn.astype(int)


def as_bytes(letters, order):
    """Bytes of letters whose pixels have the bits of this order, rows or columns."""
    return (letters * (1 << np.array(order))).sum(-1)


def header(rows, sizes, spelled=str, name="mine"):
    lines = ",\n".join("{" + ", ".join(map(spelled, row)) + "}" for row in rows)
    return f"static const unsigned char {name}{sizes} PROGMEM = {{\n{lines},\n}};\n"


def drawn(path, letters):
    code = PAGE.partition("```text\n[mine]\n")[2].partition("```")[0]
    path.write_text("[mine]\n" + code)
    return [[int(c == "#") for c in line] for line in code.splitlines() if len(line) == 5
            and set(line) <= set("#.")]  # fmt: skip


def sheet(path, letters, gap=0, light=False):
    """Three letters a row."""
    cells = np.zeros((2 * (7 + gap) - gap, 3 * (5 + gap) - gap), int)
    for i, letter in enumerate(letters[:5]):
        y, x = i // 3 * (7 + gap), i % 3 * (5 + gap)
        cells[y : y + 7, x : x + 5] = letter
    Image.fromarray(((cells == light) * 255).astype(np.uint8)).save(path)


ROWS, COLUMNS = range(4, -1, -1), range(7)
upright = lambda letters: letters.swapaxes(1, 2)  # noqa: E731


def write_header(order, sizes="[][7]", columns=False, count=32, spelled=str):
    def write(path, letters):
        rows = as_bytes(upright(letters) if columns else letters, order)[:count]
        path.write_text(header(rows, sizes, spelled))

    return write


def flat(path, letters):
    values = as_bytes(upright(letters), COLUMNS).ravel()
    values[:5] = 255  # a symbol of 8 rows, which is not used
    path.write_text(
        "#ifndef FONT_H\n#define FONT_H\n#ifdef __AVR__\n #include <avr/pgmspace.h>\n#else\n"
        " #define PROGMEM\n#endif\n"
        f"const uint8_t mine[] PROGMEM = {{{', '.join(map(hex, values))}}};\n#endif\n"
    )


def designated(path, letters):
    rows = [f"['{c}'] = {{{', '.join(map(hex, row))}}}," for c, row in zip(
        "AZ'b".replace("'", ""), as_bytes(letters, ROWS), strict=False)]  # fmt: skip
    path.write_text("uint8_t mine[128][7] = {" + "\n".join(rows) + "};")


FONTS = table("own fonts")
FONT_MAKERS = {  # by the row's first words: the writer; the characters that are read
    "letters drawn": (drawn, "A "),
    "a sheet: ": (sheet, "AEIOU"),
    "a sheet with": (lambda path, letters: sheet(path, letters, 1, True), "ABCDE"),
    "a C header": (write_header(ROWS, "[32][7]"), "".join(map(chr, range(32, 64)))),
    "one such array": (write_header(ROWS, count=6), "ABCDEF"),
    "rows with": (write_header(range(7, 2, -1)), "".join(map(chr, range(32, 64)))),
    "columns, 5 bytes": (
        write_header(COLUMNS, "[96][5]", True, 96, hex),
        "".join(map(chr, range(32, 128))),
    ),
    "columns with": (write_header(range(6, -1, -1), "[][5]", True, 6), " !\"#$%"),
    "one flat array": (flat, "ABCDEFGHIJ"),
    "rows in binary": (
        lambda path, letters: path.write_text(
            header(as_bytes(letters, ROWS)[:2], "[2][7]", lambda v: f"0b{v:05b}")
            + header(as_bytes(letters, ROWS)[2:4], "[FONTS][7]", lambda v: f"B{v:05b}", "other")
        ),
        ' !',
    ),
    "designators": (designated, "AZb"),
}  # fmt: skip


@pytest.mark.parametrize("what", FONTS)
def test_fonts_are_read_as_the_page_says(tmp_path, what):
    ((write, characters),) = [
        entry for start, entry in FONT_MAKERS.items() if what.startswith(start)
    ]
    data = FONTS[what]
    path = tmp_path / data["fonts"]
    path.parent.mkdir(parents=True)
    letters = glyphs(96)
    expected = write(path, letters)
    font = font_files.fonts_of(data, tmp_path)["mine"]
    assert "".join(font.characters) == characters
    first = ord("A") if write is flat else 0
    expected = letters[first:] if expected is None or isinstance(expected, int) else expected
    expected = np.reshape(expected, (-1, 35))[: len(characters)]
    np.testing.assert_array_equal(font.pixels, expected)
    # what steps read is the same
    if not font_files.is_read_by_steps(data):
        import json

        (path.parent / "kept.json").write_text(json.dumps(fonts.stored({"mine": font})))
        path = path.parent / "kept.json"
    again = fonts.read_fonts(path)["mine"]
    assert again.characters == font.characters
    np.testing.assert_array_equal(again.pixels, font.pixels)


def test_no_font_maker_is_left_over():
    assert len(FONTS) == len(FONT_MAKERS)


VARIED = {count: ", ".join(map(str, range(count))) for count in (7, 14, 15, 30)}
COLUMN_BYTES = "char a[] = {" + "127, 8, 8, 8, 65, " * 3 + "65, 20, 8, 0, 33};"
COLUMN_ROWS = [[127, 8, 8, 8, 127]] * 3


@pytest.mark.parametrize(
    ("text", "layout", "reason"),
    [
        (header(COLUMN_ROWS, "[3][5]"), {}, "5 bytes, 7 are needed; of columns, say data.font_lay"),
        (header(COLUMN_ROWS, "[3][7]"), {}, "5 bytes, 7 are needed; of columns, say data.font_lay"),
        (header([[0] * 7] * 3, "[3][7]"), {"bytes": "columns"}, "7 bytes, 5 are needed; of rows"),
        (header([[0] * 8] * 3, "[3][8]"), {}, "8 bytes, 7 are needed; a letter is 7 rows of 5"),
        (header([[255, 0, 0, 0, 0]] * 2, "[][5]"), {"bytes": "columns"}, "0xff does not fit in 7"),
        ("char a[15] = {" + VARIED[15] + "};", {}, "a has 15 bytes, 7 a letter are needed; of col"),
        (
            COLUMN_BYTES,
            {},
            "a has bytes of 7 bits, a row of a letter has 5; if they are columns, 5",
        ),
        (COLUMN_BYTES, {"first": "A"}, "say bytes: columns in data.font_layout"),
        (
            COLUMN_BYTES,
            {"first_bit": 7},
            "say bytes: columns in data.font_layout, and leave out fi",
        ),
        ("char a[14] = {" + VARIED[14] + "};", {"gap": 1}, "font_layout.gap: not of a C header"),
        ("char a[] = {" + VARIED[7] + "};", {}, "a has 1 letters, two are needed"),
        ("char a[][7] = {};", {}, "a is empty"),
        ("char all[] = {" + VARIED[14] + "};", {}, "a font named 'all', allowed: at most 40 let"),
        ("char a[] = {" + VARIED[14] + "};", {"first": "\0"}, "the character 0x00 cannot be shown"),
        (
            "char a[] = {" + VARIED[14] + "};",
            {"letters": "AB"},
            "no font found with a letter of data.font_l",
        ),
        ("char a[][7] = {[65] = {1,1,1,1,1,1,1}};", {}, "which character is [0]? Say data.font_la"),
        ("#if 0\nchar a[] = {0};\n#endif\n", {}, "2: an array in a text that the preprocessor"),
        ("#ifdef A\nchar a[] = {0};\n#else\n#endif", {}, "an array in a text that the preproc"),
        ("#ifdef A\n#else\nchar a[] = {0};\n#endif", {}, "an array in a text that the preproc"),
        ("extern const char a[];", {}, "no font found"),
        (
            "char a[][7] = {[32] = {0,0,0,0,0,0,0}, [127] = {0,0,0,0,0,0,0}};",
            {"first": "\0"},
            "a: all its letters are blank",
        ),
    ],
)
def test_headers_that_are_refused_say_why(tmp_path, text, layout, reason):
    (tmp_path / "a.h").write_text(text)
    with pytest.raises(fonts.FontError) as caught:
        font_files.read_font_file(tmp_path / "a.h", fonts.Layout(**layout))
    assert reason in str(caught.value)
    assert "\n" not in str(caught.value)


ROWS_OF_LETTERS = header(np.arange(21).reshape(3, 7), "[3][7]", name="letters")
FLAT_LETTERS = "char letters[] = {" + ", ".join(map(str, range(1, 29))) + "};\n"


@pytest.mark.parametrize("first", [False, True])
@pytest.mark.parametrize(
    ("font", "table", "reason"),
    [
        (ROWS_OF_LETTERS, "5, " * 224, "widths has no braces around its letters, unlike letters"),
        (ROWS_OF_LETTERS, "5, " * 3, "widths has no braces around its letters, unlike letters"),
        (FLAT_LETTERS, "5, " * 224, "widths has letters that are mostly alike"),
        (FLAT_LETTERS, "5, 3, 2, 5, 6, 4, 1, 5, 5, 5, 4, 3, 2, 1, ", "widths has small numbers al"),
        (FLAT_LETTERS, "0, " * 70 + VARIED[14], "widths has letters that are mostly alike"),
    ],
)
def test_a_table_beside_a_font_is_no_font(tmp_path, font, table, reason, first):
    table = f"const uint8_t widths[] = {{{table}}};\n"
    (tmp_path / "a.h").write_text(table + font if first else font + table)
    for layout in ({}, {"first": "A"}):
        with pytest.raises(fonts.FontError) as caught:
            font_files.read_font_file(tmp_path / "a.h", fonts.Layout(**layout))
        assert reason in str(caught.value)
        assert str(caught.value).endswith("take it out of the file (there is letters)")


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ('extern "C" {\n', "}\n"),
        ("namespace fonts {\n", "}\n"),
        ("enum Size { SMALL, LARGE };\n", ""),
        ("struct Letter { char c; };\n", ""),
        ("alignas(4) ", ""),
        ("__attribute__((aligned(4))) ", ""),
        ("static constexpr std::array<std::array<uint8_t, 7>, 1> other = {{{{1}}}};\n", ""),
        ("", "void setup() { font(1); }\nvoid loop() {}\n"),
    ],
)
def test_what_a_compiler_takes_besides_arrays_has_a_way_out(tmp_path, before, after):
    (tmp_path / "a.ino").write_text(before + ROWS_OF_LETTERS + after)
    with pytest.raises(fonts.FontError) as caught:
        font_files.read_font_file(tmp_path / "a.ino")
    assert "; keep the arrays alone in the file, as in: const uint8_t name[]" in str(caught.value)
    assert "\n" not in str(caught.value)


def test_characters_beyond_what_is_allowed_are_refused(tmp_path):
    """In each form, and where the last one alone is."""
    sheet(tmp_path / "mine.png", glyphs(5))
    for first in ("\U0010ffff", "\U0001f600", "\uffff"):
        message = refused_sheet(tmp_path / "mine.png", first=first)
        assert message.startswith(f"5 letters from {ord(first):#x} on: characters beyond 0xffff")
    letters = "AEIO\U0001f600"
    message = refused_sheet(tmp_path / "mine.png", letters=letters)
    assert message.startswith("mine: characters beyond 0xffff, such as 0x1f600; draw")
    (tmp_path / "mine.txt").write_text(f"A{LETTER}\n\U0001f600{LETTER}", encoding="utf-8")
    assert "mine: characters beyond 0xffff, such" in refused_sheet(tmp_path / "mine.txt")
    (tmp_path / "mine.h").write_text(ROWS_OF_LETTERS)
    assert "characters beyond 0xffff" in refused_sheet(tmp_path / "mine.h", first="\U0010ffff")


def test_a_sheet_whose_blank_has_ink_needs_its_letters(tmp_path):
    sheet(tmp_path / "mine.png", glyphs(5))
    message = refused_sheet(tmp_path / "mine.png")
    assert message.startswith("the first letter would be the blank, and has ink; say which letters")
    letters = glyphs(5)
    letters[0] = 0
    sheet(tmp_path / "mine.png", letters)
    assert font_files.read_font_file(tmp_path / "mine.png")["mine"].characters[0] == " "


def test_a_text_in_another_code_is_told_which(tmp_path):
    (tmp_path / "mine.txt").write_bytes(f"\xe9{LETTER}".encode("latin-1"))
    assert "not text in UTF-8 (byte 0); save it as UTF-8" in refused_sheet(tmp_path / "mine.txt")


SEVEN = "{1,2,3,4,5,6,7},\n"


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        (f"char a[][7] = {{\n{SEVEN}#ifdef X\n{SEVEN}#endif\n}};", "3: #ifdef inside an array"),
        (f"char a[][7] = {{\n{SEVEN}# ifndef X\n{SEVEN}#endif\n}};", "3: #ifndef inside an arr"),
        (f"char a[][7] = {{\n{SEVEN}#if X > 1\n{SEVEN}#endif\n}};", "3: #if inside an array: wh"),
        (f"char a[][7] = {{\n{SEVEN}#else\n{SEVEN}}};", "3: #else inside an array: which lett"),
        (f"char a[][7] = {{\n{SEVEN}{SEVEN}#include \"b.inc\"\n}};", "4: #include inside an arr"),
        ("char a[] = {\n1,2,3,4,5,6,7,\n#ifdef X\n1,\n#endif\n};", "3: #ifdef inside an array"),
        (f"#if 0 // old\nchar a[][7] = {{{SEVEN}{SEVEN}}};\n#endif", "2: an array in a text that"),
        (f"#if (0)\nchar a[][7] = {{{SEVEN}{SEVEN}}};\n#endif", "2: an array in a text that the"),
        (f"#if 0x0u\nchar a[][7] = {{{SEVEN}{SEVEN}}};\n#endif", "2: an array in a text that the"),
        (f"#elifdef X\nchar a[][7] = {{{SEVEN}{SEVEN}}};\n#endif", "1: #elifdef is not read; kee"),
        ("char a[][7] = {\n{0x04u,2,3,4,5,6,7}};", "2: 0x04u has a suffix, which is not read; w"),
        ("char a[][7] = {\n{0x04,2,3,4,5,6,10UL}};", "2: 10UL has a suffix, which is not read; w"),
        (r"char a[][7] = {['\x'] = {1,2,3,4,5,6,7}};", r"1: '\x' is no character; write its num"),
        (r"char a[][7] = {['\?'] = {1,2,3,4,5,6,7}};", r"1: '\?' is no character; write its num"),
        ("char a[10U][7] = {\n{0x04,2,3,4,5,6,1}};", "1: 10U has a suffix, which is not read; w"),
        ('extern "C" {\n#ifdef X\n#endif\n}', "1: '\"' is not part of an array of bytes"),
        ("char a[][7] = {\n{0,0,0,0,0,0,0},{0,0,0,0,0,0,0}};", ' a: the letter \'!\' without a pi'),
    ],
)  # fmt: skip
def test_what_the_parser_of_headers_passes_over_is_refused(tmp_path, text, reason):
    (tmp_path / "a.h").write_text(text)
    with pytest.raises(fonts.FontError) as caught:
        font_files.read_font_file(tmp_path / "a.h")
    assert reason in str(caught.value)


def test_what_the_preprocessor_does_around_arrays_is_no_harm(tmp_path):
    (tmp_path / "a.h").write_text(
        "#if !defined(FONT) // #if 0\n#define FONT 0x1fu\n#if (0)\n#define ROM /* none */\n#endif\n"
        f"/* {{ #ifdef */ char a[][7] = {{\n#define IN 1\n{SEVEN}{SEVEN}}};\n#endif\n"
    )
    assert font_files.read_font_file(tmp_path / "a.h")["a"].characters == (" ", "!")


@pytest.mark.parametrize(
    ("count", "lines", "bytes_of", "reason"),
    [
        (6, 35, "columns", "a has 6 bytes in each line, a letter has 5; write a letter a line"),
        (8, 7, "rows", "a has 8 bytes in each line, a letter has 7; write a letter a line"),
        (
            5,
            7,
            "rows",
            "a has 5 bytes in each line, a letter has 7; of columns, say data.font_layout",
        ),
        (7, 5, "columns", "a has 7 bytes in each line, a letter has 5; of rows, leave out bytes"),
        (7, 5, "rows", None),
        (14, 5, "rows", None),
        (1, 70, "rows", None),
        (5, 70, "columns", None),
    ],
)
def test_flat_bytes_in_lines_of_another_number_are_refused(
    tmp_path, count, lines, bytes_of, reason
):
    values = np.random.default_rng(5).integers(1, 32, (lines, count))
    rows = "".join(", ".join(map(str, row)) + ", // a letter\n" for row in values)
    (tmp_path / "a.h").write_text("const char a[] = {\n" + rows + "};\n")
    layout = fonts.Layout(bytes=bytes_of)
    if reason is None:
        assert font_files.read_font_file(tmp_path / "a.h", layout)
        return
    with pytest.raises(fonts.FontError) as caught:
        font_files.read_font_file(tmp_path / "a.h", layout)
    assert f"a.h:2: {reason}" in str(caught.value)


LETTER = "\n#####" * 7
BLANK = "\n....." * 7


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("", "no font found"),
        ("A\n####", ":2: row 1 of a letter: '####' found, 5 of # and . expected"),
        (f"A{LETTER[:-6]}", "ends within a letter, 7 rows are needed"),
        (f"AB{LETTER}", ":1: a line with one character (or space) expected"),
        (f"A{LETTER}\nA{LETTER}", ":9: the letter 'A' twice in a font"),
        (f"A{LETTER}", "a has 1 letters, two are needed"),
        (f"A{LETTER}\nB{BLANK}", "a: the letter 'B' without a pixel, which only a blank may be"),
        (f"A{BLANK}\nB{BLANK}\nC{LETTER}", "the letter 'A' and 1 more without a pixel"),
        (f"[mi\u00f1]\nA{LETTER}\nB{LETTER}", "a font named 'mi\u00f1', allowed: at most 40"),
    ],
)
def test_drawings_that_are_refused_say_why(tmp_path, text, reason):
    (tmp_path / "a.txt").write_text(text, encoding="utf-8")
    with pytest.raises(fonts.FontError) as caught:
        font_files.read_font_file(tmp_path / "a.txt")
    assert reason in str(caught.value)


def test_letters_may_be_any_that_are_shown(tmp_path):
    """Composed or not; # and . themselves; the file as Windows writes it."""
    text = "\ufeff" + "\r\n".join(f"{c}{LETTER}" for c in ("n\u0303", "#", ".", "\u05d0"))
    (tmp_path / "mine.txt").write_text(text, encoding="utf-8", newline="")
    font = font_files.read_font_file(tmp_path / "mine.txt")["mine"]
    assert font.characters == ("\u00f1", "#", ".", "\u05d0")
    assert font.pixels.all()


def test_a_smoothed_sheet_is_refused(tmp_path):
    sheet(tmp_path / "mine.png", glyphs(5))
    Image.open(tmp_path / "mine.png").resize((30, 28)).save(tmp_path / "mine.png")
    with pytest.raises(fonts.FontError, match="pixels are neither dark nor light"):
        font_files.read_font_file(tmp_path / "mine.png")


@pytest.mark.parametrize(
    ("layout", "reason"),
    [
        ({"letters": "AB"}, "5 letters drawn in 6 cells, 2 in data.font_layout.letters"),
        ({"letters": "ABCDEFG"}, "5 letters drawn in 6 cells, 7 in data.font_layout.letters"),
        ({"gap": 1}, "15 x 14 pixels (width, height) are no rows of letters of 5 x 7 with gaps"),
        ({"ink": "light"}, "more than half of it would be ink; say data.font_layout: {ink: dark}"),
        ({"bytes": "columns"}, "data.font_layout.bytes: not of a sheet; leave it out"),
    ],
)
def test_sheets_that_are_refused_say_why(tmp_path, layout, reason):
    sheet(tmp_path / "mine.png", glyphs(5))
    with pytest.raises(fonts.FontError) as caught:
        font_files.read_font_file(tmp_path / "mine.png", fonts.Layout(**layout))
    assert reason in str(caught.value)


def refused_sheet(path, **layout):
    with pytest.raises(fonts.FontError) as caught:
        font_files.read_font_file(path, fonts.Layout(**layout))
    return str(caught.value).removeprefix(f"{path}: ")


def row_of(path, letters, gap=0, before=0, after=0, light=False):
    """A row of letters, with columns before and after."""
    cells = np.zeros((7, before + len(letters) * (5 + gap) - gap + after), int)
    for i, letter in enumerate(letters):
        cells[:, before + i * (5 + gap) :][:, :5] = letter
    Image.fromarray(((cells == light) * 255).astype(np.uint8)).save(path)


@pytest.mark.parametrize("kind", ["gray", "hidden", "white"])
@pytest.mark.parametrize("ink", ["dark", "light"])
def test_ink_on_a_transparent_sheet_is_what_it_looks_like(tmp_path, ink, kind):
    """Dark on nothing is dark on light, whatever the color that cannot be seen."""
    path, letters = tmp_path / "mine.png", glyphs(3)
    row_of(path, letters)
    is_ink = np.asarray(Image.open(path)) == 0
    color = np.zeros((*is_ink.shape, 4), np.uint8)
    color[..., :3] = {"gray": 128, "hidden": 0, "white": 255}[kind]
    color[is_ink] = (*[20 if ink == "dark" else 240] * 3, 255)
    Image.fromarray(color).save(path)
    font = font_files.read_font_file(path, fonts.Layout(letters="ABC", ink=ink))["mine"]
    np.testing.assert_array_equal(font.pixels, letters.reshape(3, 35))
    other = "light" if ink == "dark" else "dark"
    for layout in ({"letters": "ABC"}, {}):
        assert "no letters can be told from their ground" in refused_sheet(
            path, ink=other, **layout
        ) or "more than half of it would be ink" in refused_sheet(path, ink=other, **layout)


def test_a_sheet_of_one_color_is_refused(tmp_path):
    for gray in (0, 255):
        Image.fromarray(np.full((7, 15), gray, np.uint8)).save(tmp_path / "mine.png")
        for ink in ("dark", "light"):
            message = refused_sheet(tmp_path / "mine.png", letters="ABC", ink=ink)
            assert message.startswith("no letters can be told from their ground; draw them dark")


def test_a_blank_letter_of_a_sheet_is_refused(tmp_path):
    letters = glyphs(4)
    letters[2] = 0
    row_of(tmp_path / "mine.png", letters)
    assert "mine: the letter 'C' without a pixel" in refused_sheet(tmp_path / "mine.png", first="A")
    font = font_files.read_font_file(tmp_path / "mine.png", fonts.Layout(letters="AB D"))["mine"]
    np.testing.assert_array_equal(font.pixels, letters.reshape(4, 35))


@pytest.mark.parametrize(("across", "down"), [(2, 2), (3, 3), (5, 7), (2, 1), (1, 2), (5, 1)])
@pytest.mark.parametrize("gap", [0, 1])
def test_a_sheet_of_another_scale_is_refused(tmp_path, across, down, gap):
    sheet(tmp_path / "mine.png", glyphs(5), gap)
    pixels = np.asarray(Image.open(tmp_path / "mine.png"))
    large = pixels.repeat(down, 0).repeat(across, 1)
    Image.fromarray(large).save(tmp_path / "mine.png")
    times = f"{across}" if across == down else f"{across} x {down} (width, height)"
    for said in (0, 1):
        message = refused_sheet(tmp_path / "mine.png", gap=said, first="A")
        assert message.startswith(f"is {times} times as large: its pixels are alike in blocks")
        assert f"make it {pixels.shape[1]} x {pixels.shape[0]} pixels" in message


@pytest.mark.parametrize(
    ("count", "gap", "before", "after", "advice"),
    [
        (6, 1, 0, 0, "say data.font_layout: {gap: 1}"),
        (11, 1, 0, 0, "say data.font_layout: {gap: 1}"),
        (6, 2, 0, 3, "cut off what is around the letters"),
        (5, 1, 0, 1, "cut off what is around the letters"),
        (5, 1, 1, 0, "cut off what is around the letters"),
        (4, 1, 1, 1, "cut off what is around the letters"),
        (6, 2, 0, 0, "say data.font_layout: {gap: 2}"),
        (4, 4, 1, 2, "cut off what is around the letters"),
    ],
)
def test_a_forgotten_gap_is_seen(tmp_path, count, gap, before, after, advice):
    """Whether it makes a width of whole letters or not."""
    row_of(tmp_path / "mine.png", glyphs(count), gap, before, after)
    assert advice in refused_sheet(tmp_path / "mine.png", first="A")


def test_forgotten_gaps_between_the_rows_of_a_sheet_are_seen(tmp_path):
    cells = np.zeros((63, 5 * 6 - 1 + 6), int)
    for i, letter in enumerate(glyphs(48)):
        cells[i // 6 * 8 :, i % 6 * 6 :][:7, :5] = letter
    Image.fromarray(((1 - cells) * 255).astype(np.uint8)).save(tmp_path / "mine.png")
    assert "say data.font_layout: {gap: 1}" in refused_sheet(tmp_path / "mine.png", first="0")
    layout = fonts.Layout(first="0", gap=1)
    assert len(font_files.read_font_file(tmp_path / "mine.png", layout)["mine"].characters) == 48


def test_a_wrong_gap_is_told_the_right_one(tmp_path):
    row_of(tmp_path / "mine.png", glyphs(3), 1)
    assert "3 pixels" not in refused_sheet(tmp_path / "mine.png", gap=2)
    assert "gaps of 2; say data.font_layout: {gap: 1}" in refused_sheet(
        tmp_path / "mine.png", gap=2
    )
    row_of(tmp_path / "mine.png", glyphs(3), 1, 2, 2)  # a margin
    message = refused_sheet(tmp_path / "mine.png", gap=1)
    assert "gaps of 1; cut off what is around the letters" in message
    row_of(tmp_path / "mine.png", np.ones((7, 7, 5)) * (glyphs(7) | 1 - glyphs(7, 4)))
    assert refused_sheet(tmp_path / "mine.png", gap=1).startswith("there is ink in the gaps of 1")


@given(st.integers(2, 12), st.integers(0, 2**32), st.integers(0, 2))
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=50)
def test_a_sheet_as_it_should_be_is_read(tmp_path, count, seed, gap):
    letters = glyphs(count, seed)
    assume(letters.mean() < 0.5)
    row_of(tmp_path / "mine.png", letters, gap)
    layout = fonts.Layout(first="A", gap=gap)
    font = font_files.read_font_file(tmp_path / "mine.png", layout)["mine"]
    np.testing.assert_array_equal(font.pixels, letters.reshape(count, 35))


def test_colored_ink_is_not_called_smoothed(tmp_path):
    row_of(tmp_path / "mine.png", glyphs(3))
    gray = np.asarray(Image.open(tmp_path / "mine.png"))
    Image.fromarray(np.stack([np.full_like(gray, 255), gray, gray], -1)).save(tmp_path / "mine.png")
    assert "pixels have a color; make ink black or dark" in refused_sheet(tmp_path / "mine.png")


def test_colors_from_0_to_1_become_gray(tmp_path):
    color = np.stack([TRAIN / 255] * 3, axis=-1)
    write_npz(tmp_path / "a.npz", train_images=color, test_images=color)
    result = folders.load_folder(tmp_path / "a.npz", CLASSES, None)
    np.testing.assert_array_equal(result.train_images, TRAIN)


@given(
    st.lists(
        st.sampled_from(
            ["char", " a", " b", "[", "]", "2", "7", "=", "{", "}", ",", ";", "*", "\n", "#else\n",
             "#if 0\n", "#endif\n", "0b101", "B101", "0x1f", "'A'", "PROGMEM", "{1,2,3,4,5,6,7}",
             "char c[][7] = ", "{1,2,3,4,5}", "['B'] = ", "A\n", "#####\n", "space\n", "[mine]\n"]
        ),
        max_size=20,
    ),
    st.sampled_from([{}, {"bytes": "columns"}, {"first": "\0"}, {"letters": "AB"}]),
    st.sampled_from([".h", ".txt"]),
)  # fmt: skip
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=200)
def test_any_file_of_letters_is_read_or_refused(tmp_path, parts, layout, suffix):
    path = tmp_path / f"a{suffix}"
    path.write_text("".join(parts))
    with contextlib.suppress(fonts.FontError):
        assert font_files.read_font_file(path, fonts.Layout(**layout))
