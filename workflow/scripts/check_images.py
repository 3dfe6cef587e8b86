"""Refuse an image set on which a step after the trainings would fail, before they begin.

The set is called like its folder; one that no model learns may be as it is.
"""

import step

from latentlab import StudyError
from latentlab.data import images
from latentlab.experiments.params import read_params
from latentlab.experiments.vae import suitability


def main(argv):
    args = step.arguments(__doc__, argv, "parameters", "images")
    params, dataset = read_params(args.parameters, step.ROOT), args.images.name
    if dataset in params["vae"]["datasets"]:
        lines = suitability.refusals(params, dataset, images.load(args.images))
        if lines:
            raise StudyError("\n".join(lines))


if __name__ == "__main__":
    step.run(main)
