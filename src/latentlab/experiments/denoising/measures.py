"""The measures of a denoiser's answers: what tables, figures and report know of each."""

from __future__ import annotations

from dataclasses import dataclass

from latentlab.experiments.knobs import PIXELS


@dataclass(frozen=True)
class Measure:
    """A measure, by whose name ``scores.answer_scores`` computes it.

    estimator : over replicates, a function of ``statistics``; of a share, shown in percent
    bounds : the least and the most that it may be: where its interval is cut, and the axis of its
        panel; a measure without any has a logarithmic axis
    label : of its panel in the figure of the scores; "": it has none
    heading : of its column in the report's table, a message of the catalogs; "": it has none
    digits : the significant ones in that table, unless it is shown in percent
    """

    estimator: str
    bounds: tuple[float, float] | None = None
    label: str = ""
    heading: str = ""
    digits: int = 3

    @property
    def percent(self) -> bool:
        """Whether 1 is shown as 100 %."""
        return self.estimator == "share"


MEASURES = {
    "error": Measure("median", label="error a letter (median)"),
    "mean_wrong_pixels": Measure("mean", bounds=(0, PIXELS)),
    "right_letter": Measure(
        "share", bounds=(0, 1), label="right letter (%)", heading="right letter"
    ),
    "exact": Measure("share", bounds=(0, 1), heading="exact"),
    "within_one_pixel": Measure(
        "share", bounds=(0, 1), label="at most 1 wrong pixel (%)", heading="within 1 pixel"
    ),
}
"""All measures, in the order in which figure and report show them."""

DRAWN = {
    name: Measure("share", bounds=(0, 1))
    for name in ("within_one_pixel_drawn", "nothing_within_one_pixel_drawn")
}
"""Those of ``scores.drawn_scores``, which tables and metrics have of a denoiser's own noise."""
