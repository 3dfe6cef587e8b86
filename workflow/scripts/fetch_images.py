"""Obtain one image data set and store it decoded: four .npy files a training job can map."""

import os

import step

import numpy as np

from latentlab import StudyError
from latentlab.data import digits, download, folders, images, jittered


def downloaded(dataset, source):
    """The folder with the files of an image set, downloaded unless they are there.

    source : the set's entry in the parameters. DATA_MIRROR, a folder or an address, is asked
    before the set's own mirrors. Raises images.DataError.
    """
    folder = step.ROOT / ".cache" / "downloads" / dataset
    mirror = os.environ.get("DATA_MIRROR")
    download.fetch(dataset, mirror, source["mirrors"], source["sha256"], folder)
    return folder


def own_images(settings):
    """The user's images, which are those that the settings' digest is of.

    Raises images.DataError where they are not, or cannot be read.
    """
    path = step.ROOT / settings["path"]  # an absolute path stays as it is
    source = path, settings["classes"], settings.get("test_every")
    resize = tuple(settings["resize"]) if "resize" in settings else None
    try:
        images_set = folders.load_folder(*source, resize)
        # what changes before or while it is read is still changed afterwards
        if folders.digest(*source) != settings["content"]:
            raise images.DataError(
                f"{path}: changed while the run was at work; run the same command again"
            )
    except (StudyError, OSError) as error:
        raise images.DataError(f"data.images.{settings['dataset']}: {error}") from error
    return images_set


def main(argv):
    args = step.arguments(__doc__, argv, "folder")
    settings = args.settings
    if settings["source"] == "scikit-learn":
        image_set = digits.digits()
    elif settings["source"] == "font":
        draws = settings["train"], settings["test"], settings["shift"], settings["seed"]
        image_set = jittered.jittered_letters(np.array(settings["pixels"]), *draws)
    elif settings["source"] == "folder":
        image_set = own_images(settings)
    else:
        image_set = folders.load_idx_folder(downloaded(settings["dataset"], settings))
    images.save(image_set, args.folder)


if __name__ == "__main__":
    step.run(main)
