"""Autoencoders studied as a workflow: model, data, training, measures, presentation.

The package knows nothing of Snakemake or DVC; the modules of a line import only from that
line and those before it:

files         ``arrays``, ``tables``, ``seeds``
model         ``network``
data          ``fonts``, ``images``, ``noise``, ``params``
training      ``training`` (the door), ``powell``, ``kernels``, ``gradient``, ``vae``
measures      ``metrics``, ``similarity``, ``denoising``, ``baselines``, ``latent``, ``generation``,
              ``statistics``, ``gather``
presentation  ``figures``, ``report``, ``explorer``
"""


class StudyError(ValueError):
    """Something that the user can mend: the message is one clear line (or one an error)."""
