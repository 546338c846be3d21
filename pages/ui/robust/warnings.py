"""What the Robustness page's numbers are not: of noise trained for, of images not seen before."""

from collections.abc import Sequence

import streamlit as st

from core.checkpoints import Card, trained_on
from core.noise import Noise
from core.text import listed
from pages.ui.figures.text import plain, training_note
from pages.ui.frame.sidebar import Choice


def draw_warnings(choice: Choice, cards: Sequence[Card], noise: Noise) -> None:
    """One warning that says it all, if there is something to say."""
    found: dict[str, list[str]] = {}
    for card in cards:
        for note in notes(card, noise, choice.dataset.id, choice.split):
            found.setdefault(note, []).append(card.name)
    if found:
        lines = [f"**{plain(', '.join(names))}**: {plain(note)}" for note, names in found.items()]
        st.warning("  \n".join(lines), icon=":material/warning:")


def notes(card: Card, noise: Noise, dataset: str, split: str) -> list[str]:
    """What is to be known of one model under this noise on these images."""
    found = [training_note(card, noise)]
    seen = trained_on.seen(card, dataset, split)
    if seen == "unknown":
        found.append("May have been trained on the images measured: that is not known here.")
    elif seen != "no":
        found.append(f"Trained on {'' if seen == 'yes' else 'some of '}the images measured.")
    if card.excluded_classes:
        without = listed(card.excluded_classes)
        found.append(f"Never saw the classes {without}, measured here too.")
    return [note for note in found if note]
