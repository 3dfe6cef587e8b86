"""The figures: one module an experiment, and what they share.

``style`` has colors, axes and files, ``pixels`` letters and images drawn from their pixels.
Each figure is a function from data to a Matplotlib figure; nothing here reads results.
"""

from latentlab import arithmetic

with arithmetic.apart():  # before any module of figures: no matplotlibrc of the folder is read
    import matplotlib  # noqa: F401
