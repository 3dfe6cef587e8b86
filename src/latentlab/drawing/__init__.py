"""What figures are drawn with: a style, letters and images drawn from their pixels, labels.

A figure of an experiment is a function from data to a Matplotlib figure; none reads results.
"""

from latentlab import arithmetic

with arithmetic.apart():  # before any module of figures: no matplotlibrc of the folder is read
    import matplotlib  # noqa: F401
