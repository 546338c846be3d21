"""Four examples of common failures, one at a time."""

from pages.ui.learn import copies, hidden, mismatch, parts, polluted

TITLES = {
    "copies": "The network that copies",
    "hidden": "The outlier rebuilt too well",
    "noise": "Noise that differs",
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
