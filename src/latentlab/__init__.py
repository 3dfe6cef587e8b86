"""Autoencoders studied as a workflow: model, data, training, measures, presentation.

The package knows nothing of Snakemake or DVC; the modules of a line import only from that
line and those before it:

files         ``arrays``, ``tables``, ``seeds``
model         ``network``
data          ``fonts``, ``images``, ``noise``, ``cells``, ``params``
training      ``training`` (the door), ``powell``, ``kernels``, ``gradient``, ``optimizers``,
              ``vae``
measures      ``metrics``, ``similarity``, ``denoising``, ``baselines``, ``latent``, ``novelty``,
              ``generation``, ``statistics``, ``gather``, ``conclusions``
presentation  ``figures``, ``report``, ``explorer``
"""


class StudyError(ValueError):
    """Something that the user can mend: the message is one clear line (or one an error)."""
