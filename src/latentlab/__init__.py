"""Autoencoders studied as a workflow: data, models, training, measures, presentation.

The package knows nothing of Snakemake or DVC. What stands in a line imports from the lines above
it alone, and nothing else of its own line:

arithmetic                  pins how the libraries compute, when the package is imported
aliases, seeds, shown       what all of the following speak of
glyphs                      which characters the figures' font can draw
files                       arrays, tables and YAML on disk
data, models                fonts, images, noise; the networks
training, measures          weights from data; numbers from weights
words                       messages, names, and catalogs of them in other languages
drawing, pages              what figures, and what pages, are made of
experiments                 a folder each: plan, tables, figures, chapter
pages/report                the chapters of all experiments on one page
"""

import warnings

from latentlab import arithmetic

_warning = arithmetic.late_import()
OVERRULED = arithmetic.pin()
"""Variables of the environment that were set otherwise when the package was imported."""
if _warning:
    warnings.warn(_warning, stacklevel=2)


class StudyError(ValueError):
    """Something that the user can mend: the message is one clear line (or one an error)."""
