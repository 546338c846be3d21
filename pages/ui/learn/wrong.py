"""Four examples of common failures, one at a time."""

from pages.ui.learn import copies, hidden, mismatch, parts, polluted

TITLES = {
    "copies": "A network that copies",
    "hidden": "An outlier with a small error",
    "noise": "Different noise than in training",
    "polluted": "Outliers in the training data",
}
CARDS = {
    "copies": copies.draw,
    "hidden": hidden.draw,
    "noise": mismatch.draw,
    "polluted": polluted.draw,
}


def draw_what_goes_wrong() -> None:
    """Draw the choice of an example, and the example."""
    CARDS[parts.one_of("card", "Example", TITLES, "Four interactive examples")]()
