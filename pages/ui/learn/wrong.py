"""The shelf: four things that go wrong, one at a time."""

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
    """The choice of a card, and the card."""
    CARDS[parts.one_of("card", "Example", TITLES, "Four examples, each live")]()
