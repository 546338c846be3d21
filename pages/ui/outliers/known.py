"""What is known of the images: which are outliers, by their class, by marks, or because planted."""

from collections.abc import Sequence
from typing import assert_never

import numpy as np
import streamlit as st

from core.anomaly import references
from core.checkpoints import Card
from core.data import catalogue
from core.data.named import planting
from core.images.imagesets import ImageSet
from pages.ui import cache
from pages.ui.frame.sidebar import Choice
from pages.ui.outliers.data import Kind, Scope, Truth
from pages.ui.session import widgets

KINDS: dict[Kind, str] = {
    "none": "nothing",
    "marked": "what the data mark",
    "classes": "some classes",
    "planted": "planted ones",
}


def scope(choice: Choice) -> Scope:
    """Which images are judged by which model, and what is known of them."""
    card, dataset = choice.model(), choice.dataset.id
    split = references.judged_split(card, dataset, choice.split)
    images = cache.dataset(dataset, split)
    with st.popover(
        "Known outliers",
        icon=":material/science:",
        help="For experiments: define which images are outliers, to measure the scores",
    ):
        truth = _truth(card, images)
    return Scope(dataset, split, card, truth)


def default_truth(card: Card, images: ImageSet) -> Kind:
    """What is known without being asked for: marked defects, or classes the model never saw."""
    if planting.by_defects(images):
        return "marked"
    return "classes" if unseen_classes(card, images) else "none"


def unseen_classes(card: Card, images: ImageSet) -> tuple[str, ...]:
    """The classes of the images that the model was trained without."""
    return tuple(name for name in card.excluded_classes if name in images.class_names)


def _truth(card: Card, images: ImageSet) -> Truth:
    kinds = [kind for kind in KINDS if _possible(kind, images)]
    chosen = widgets.choice(
        st.radio,
        "Known outliers are",
        kinds,
        key="truth",
        default=default_truth(card, images),
        format_func=lambda kind: KINDS[kind],
        help="Scores never use this; the curves and the best F1 threshold do",
    )
    match chosen:
        case "classes":
            return _classes(card, images)
        case "planted":
            return _planted(card, images)
        case "none" | "marked":
            return Truth(chosen)
        case _:
            assert_never(chosen)


def _possible(kind: Kind, images: ImageSet) -> bool:
    match kind:
        case "marked":
            return planting.by_defects(images) is not None
        case "classes":
            return images.labels is not None and len(images.class_names) > 1
        case "none" | "planted":
            return True
        case _:
            assert_never(kind)


def _classes(card: Card, images: ImageSet) -> Truth:
    """The classes that are asked for: those the model never saw, or none, to begin with."""
    chosen = widgets.several(
        st.multiselect,
        "Classes",
        images.class_names,
        key="outlier_classes",
        default=list(unseen_classes(card, images)),
        what="class",
        placeholder="Choose the classes that count as outliers",
        help="Images of these classes count as outliers; a model that was trained with them will "
        "hardly detect them",
    )
    if problem := problem_of(chosen, images):
        st.caption(problem)
        return Truth()
    return Truth("classes", tuple(chosen))


def problem_of(classes: Sequence[str], images: ImageSet) -> str:
    """Why nothing is known by these classes; "" if something is."""
    if not classes:
        return "No class is chosen, so there are no known outliers."
    labels = np.arange(0) if images.labels is None else images.labels
    counts = np.isin(labels, [images.class_names.index(one) for one in classes])
    if len(labels) and counts.all():
        return "All images would be outliers: remove a class."
    return "" if counts.any() else "There is no image of these classes: choose others."


def _planted(card: Card, images: ImageSet) -> Truth:
    others = [info for info in catalogue.catalogue() if info.available and info.id != images.id]
    titles = {name: f"{name}: {one.explanation}" for name, one in planting.CORRUPTIONS.items()}
    titles |= {info.id: f"images of {info.title}" for info in others}
    plant = widgets.choice(
        st.selectbox,
        "What is planted",
        list(titles),
        key="plant",
        default="noise",
        what="data set or corruption",
        format_func=titles.__getitem__,
        help="Corrupted copies of some images, or images of another data set, added to the images",
    )
    percent = widgets.whole(
        st.slider,
        "How many, per 100 images",
        1,
        50,
        key="plant_percent",
        default=10,
        help="Added to the images shown",
    )
    seed = widgets.seed(
        "Seed",
        key="plant_seed",
        help="Random seed of the choice of images and of their corruption",
    )
    return Truth(
        kind="planted",
        classes=unseen_classes(card, images),
        plant=plant,
        share=percent / 100,
        seed=seed,
    )
