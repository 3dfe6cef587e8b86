"""Whether an image set allows what the parameters ask for, known before a model is trained on it.

What the steps after the trainings cannot do on these images, they would say hours later.
"""

from __future__ import annotations

from latentlab.data.images import Images
from latentlab.experiments.knobs import Params
from latentlab.experiments.vae.plan import models_of
from latentlab.measures import image_scores
from latentlab.models.image_model import Settings, convolution_errors


def refusals(params: Params, dataset: str, images: Images) -> list[str]:
    """Why the models of a set cannot be measured and drawn: a line each, parameter first.

    params : of the study, checked; dataset : the set's name in them
    Every line says what was given and what is allowed.
    """
    lines = image_scores.refusals(image_scores.Effort(**params["vae"]["measures"]), images)
    for name, model in models_of(params["vae"], dataset).items():
        lines += [
            f"vae.models.{name}.{error}, or replicates.{dataset}: 0"
            for error in convolution_errors(Settings(**model), *images.size)
        ]
    names = len(params["data"]["images"][dataset]["classes"])
    highest = int(max(images.train_labels.max(), images.test_labels.max()))
    if highest >= names:
        lines.append(
            f"data.images.{dataset}.classes: {names} names given, allowed: at least {highest + 1},"
            f" for there is a label {highest}"
        )
    return [f"{line} (images of {dataset})" for line in lines]
