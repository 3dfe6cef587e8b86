"""What the section ``conclusions`` of the parameters may hold."""

from __future__ import annotations

from typing import Annotated

from latentlab.experiments.allowed import Allowed, Count, Knobs


class ConclusionsSection(Knobs):
    """The section."""

    alpha: Annotated[float, Allowed("a number above 0 and below 1", lambda x: 0 < x < 1)]
    min_replicates: Count
    resamples: Count
