"""Obtain one image data set and store it decoded: four .npy files a training job can map."""

import os

import step

from latentlab import images


def download(dataset, source):
    """The folder with the files of an image set, downloaded unless they are there.

    source : the set's entry in the parameters. DATA_MIRROR, a folder or an address, is asked
    before the set's own mirrors. Raises images.DataError.
    """
    folder = step.ROOT / ".cache" / "downloads" / dataset
    mirror = os.environ.get("DATA_MIRROR")
    images.fetch(dataset, mirror, source["mirrors"], source["sha256"], folder)
    return folder


def main(argv):
    args = step.arguments(__doc__, argv, "folder")
    settings = args.settings
    if settings["source"] == "scikit-learn":
        found = images.digits()
    elif settings["source"] == "folder":
        path = step.ROOT / settings["path"]  # an absolute path stays as it is
        found = images.load_folder(path, settings["classes"], settings.get("test_every"))
    else:
        found = images.load_idx_folder(download(settings["dataset"], settings))
    images.save(found, args.folder)


if __name__ == "__main__":
    step.run(main)
