"""Obtain one image data set and store it decoded: four .npy files a training job can map."""

import os

import step

from latentlab import images


def main(argv):
    args = step.arguments(__doc__, argv, "folder")
    settings = args.settings
    if settings["source"] == "scikit-learn":
        found = images.digits()
    else:
        downloads = step.ROOT / ".cache" / "downloads" / settings["dataset"]
        images.fetch(
            settings["dataset"],
            os.environ.get("DATA_MIRROR"),
            settings["mirrors"],
            settings["sha256"],
            downloads,
        )
        found = images.load_idx_folder(downloads)
    images.save(found, args.folder)


if __name__ == "__main__":
    step.run(main)
