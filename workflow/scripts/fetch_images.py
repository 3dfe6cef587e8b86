"""Obtain one image data set and store it decoded: four .npy files a training job can map."""

import step

from latentlab import images


def main(argv):
    args = step.arguments(__doc__, argv, "folder")
    settings = args.settings
    if settings["source"] == "scikit-learn":
        found = images.digits()
    elif settings["source"] == "folder":
        path = step.ROOT / settings["path"]  # an absolute path stays as it is
        found = images.load_folder(path, settings["classes"], settings.get("test_every"))
    else:
        found = images.load_idx_folder(step.download(settings["dataset"], settings))
    images.save(found, args.folder)


if __name__ == "__main__":
    step.run(main)
