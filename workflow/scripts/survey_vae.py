"""Survey an image set: what the measures of every model need of it, computed once."""

import step

from latentlab.data import images
from latentlab.files.arrays import save_npz
from latentlab.measures.sample_quality import survey


def main(argv):
    args = step.arguments(__doc__, argv, "images", "survey")
    found = survey(images.load(args.images), args.settings["components"])
    save_npz(args.survey, found.arrays())


if __name__ == "__main__":
    step.run(main)
