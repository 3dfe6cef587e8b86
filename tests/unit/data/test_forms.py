"""What people have: every row of the tables of docs/data.md, on small files of that form."""

import re
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from ruamel.yaml import YAML

from image_sets import idx
from latentlab.data import folders, stored
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


def by_the_code_block(path):
    """A table, and the lines of the page that make an .npz of it."""
    rows = ["label," + ",".join(f"p{i}" for i in range(784))]
    rows += [f"{i % 2}," + ",".join(map(str, pixels(1, (784,), i)[0])) for i in range(24)]
    folder = path.parents[1]
    (folder / "mnist_train.csv").write_text("\n".join(rows))
    with pytest.raises(DataError, match=r"mnist_train\.csv: a table; put its pixels and labels"):
        folders.load_folder(folder / "mnist_train.csv", CLASSES, 6)
    code = re.search(r"```python\n(.*?)```", PAGE, re.DOTALL)[1].replace('"data/', '"')
    exec(code.replace('"m', f'"{folder}/m'))
    (folder / "mine.npz").rename(path)


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
        lambda path: write_npz(path, train_images=np.stack([TRAIN] * 3, axis=-1)),
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
        ({"train_images": TRAIN * np.nan}, "pixels from nan to nan found"),
        ({"train_images": TRAIN.reshape(-1, 24)[:, :16]}, "reshape(-1, 4, 4) makes images of"),
        ({"train_images": np.stack([TRAIN] * 3, 1)}, "uint8 (8, 3, 6, 4) found"),
        ({"train_labels": np.eye(8, dtype=int)}, "argmax(axis=1) makes labels of columns"),
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


def test_idx_files_of_other_names_are_told_the_names(tmp_path):
    write_idx(tmp_path / "own", ["a-ubyte", "b-ubyte", "c-ubyte", "d-ubyte"])
    message = refused(tmp_path / "own", None)
    assert (
        "train-images-idx3-ubyte.gz: no such file, nor without .gz; there is a-ubyte, b" in message
    )


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
        assert "test_every takes each 5th for a test" in message


def test_train_without_test_is_said(own):
    (own / "train").mkdir()
    assert ": a folder train, but train and test are needed" in refused(own)


def save_deep(path, kind):
    """Pictures of 16 bits a channel, which Pillow reads, but does not write in color."""
    deep = (TRAIN[0].astype(np.uint16) * 257)[..., None].repeat(3, -1)
    if kind == "png":
        import struct
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


def test_of_several_pictures_in_a_file_none_is_cut(own):
    frames = [Image.fromarray(image) for image in TRAIN[:3]]
    frames[0].save(own / "circle/0.gif", save_all=True, append_images=frames[1:])
    (own / "circle/0.png").unlink()
    assert "circle/0.gif: 3 pictures in one file, one is needed" in refused(own)


def test_a_drawing_by_transparency_is_refused(own):
    drawn = np.zeros((6, 4, 4), np.uint8)
    drawn[2:4, :, 3] = 255  # black on nothing
    Image.fromarray(drawn).save(own / "circle/0.png")
    assert "of one color, drawn by its transparency" in refused(own)
    drawn[2:4, :, :3] = 255
    Image.fromarray(drawn).save(own / "circle/0.png")
    assert folders.load_folder(own, CLASSES, 2).train_images[0].tolist() == drawn[..., 0].tolist()


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
    [("a.zip", "an archive; unpack it"), ("a.npy", "one array alone"), ("a.png", "one picture")],
)
def test_a_file_of_another_kind_is_told_what_to_do(tmp_path, name, reason):
    (tmp_path / name).write_bytes(b"anything")
    assert reason in refused(tmp_path / name)
    with pytest.raises(DataError, match=reason):
        folders.digest(tmp_path / name, CLASSES, None)


def test_names_of_arrays():
    assert stored.fields_of(["X_train", "y_train", "other"]) == {
        "train_images": "X_train",
        "train_labels": "y_train",
    }
