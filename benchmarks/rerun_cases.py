"""The changes whose reruns are measured.

After "same" ones nothing new has to be computed; "new" ones want other pictures.
"""

from collections.abc import Callable
from dataclasses import dataclass

from tests.driving.session import Rerun
from tests.driving.visitor import Visitor

Act = Callable[[Visitor, int], Rerun]
SAME_LIMIT, NEW_LIMIT = 60.0, 150.0  # ms of CPU


@dataclass(frozen=True)
class Case:
    """A change on a page.

    page: its name in a link, "" for Reconstruct.  act: makes the i-th such change.  limit: ms of
    CPU that it may cost.  query: what the link to the page says.
    """

    page: str
    change: str
    act: Act
    limit: float
    query: str = ""

    @property
    def title(self) -> str:
        """The page's name."""
        return self.page or "reconstruct"

    def visitor(self, address: str) -> Visitor:
        """Somebody new who has opened the page."""
        return Visitor(address, self.page, self.query)


def sigma(visitor: Visitor, i: int) -> Rerun:
    """The slider of a sweep, let go at one of two places in turn."""
    return visitor.component("hourglass_sweep", f'{{"value": {(0.3, 0.6)[i % 2]}}}')


CASES = (
    Case("", "same: σ let go", sigma, SAME_LIMIT),
    Case("", "new: Shuffle", lambda v, _: v.press("Shuffle"), NEW_LIMIT),
    Case(
        "latent",
        "same: coloured by",
        lambda v, i: v.choose("Colour", ("class", "reconstruction error")[i % 2]),
        SAME_LIMIT,
    ),
    Case(
        "latent",
        "new: other sample",
        lambda v, i: v.enter("Seed of the sample and of the map", 100 + i),
        NEW_LIMIT,
        "split=train&points=1000",
    ),
    Case(
        "outliers", "same: log counts", lambda v, i: v.switch("Log counts", i % 2 == 0), SAME_LIMIT
    ),
    Case(
        "outliers",
        "new: other threshold",
        lambda v, i: v.enter("Percent above", 1.5 + i / 10),
        NEW_LIMIT,
    ),
    Case(
        "robustness",
        "same: metric",
        lambda v, i: v.pick("Metric", ("MSE", "PSNR")[i % 2]),
        SAME_LIMIT,
    ),
    Case(
        "robustness",
        "same: images on the wall",
        lambda v, i: v.pick("Images", ("2", "4")[i % 2]),
        SAME_LIMIT,
        "robust_view=Wall",
    ),
    Case("robustness", "new: Shuffle", lambda v, _: v.press("Shuffle"), NEW_LIMIT),
    Case(
        "your_images",
        "same: from where",
        lambda v, i: v.pick("Add images", ("Files or zip", "Draw")[i % 2]),
        SAME_LIMIT,
    ),
    Case("train", "same: epochs", lambda v, i: v.enter("Epochs", 5 + i % 2), SAME_LIMIT),
)
SAME = tuple(case for case in CASES if case.change.startswith("same"))
