"""Autoencoders studied as a workflow: data, model, training, measures, presentation.

The package knows nothing of Snakemake or DVC; each module imports only from those
listed before it:

data          ``fonts``, ``images``, ``noise``
model         ``network``
training      ``powell``, ``gradient``, ``vae``
measures      ``metrics``, ``latent``, ``statistics``, ``conclusions``
presentation  ``figures``, ``report``
"""


class StudyError(ValueError):
    """Something that the user can mend: the message is one clear line (or one an error)."""
