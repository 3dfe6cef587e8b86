"""Autoencoders studied as a workflow: model, data, training, measures, presentation.

The package knows nothing of Snakemake or DVC; the modules of a line import only from that
line and those before it:

process       ``arithmetic``: importing the package pins how its libraries compute
files         ``arrays``, ``tables``, ``seeds``
model         ``network``
data          ``fonts``, ``images``, ``noise``, ``cells``, ``params``
training      ``training`` (the door), ``powell``, ``kernels``, ``gradient``, ``optimizers``,
              ``vae``
measures      ``metrics``, ``similarity``, ``denoising``, ``baselines``, ``latent``, ``novelty``,
              ``generation``, ``suitability``, ``statistics``, ``gather``, ``claims``,
              ``conclusions``
presentation  ``figures``, ``report``, ``explorer``
"""

import warnings

from latentlab import arithmetic

_late = arithmetic.too_late()
OVERRULED = arithmetic.pin()
"""Variables of the environment that were set otherwise when the package was imported."""
if _late:
    warnings.warn(_late, stacklevel=2)


class StudyError(ValueError):
    """Something that the user can mend: the message is one clear line (or one an error)."""
