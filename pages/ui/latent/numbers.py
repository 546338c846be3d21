"""Embedding metrics of the codes, beside those of raw pixels and of a PCA of the same size."""

import numpy as np
import pandas as pd
import streamlit as st

from core.latent.structure import MEASURES, N_NEIGHBOURS, Structure
from pages.ui import progress
from pages.ui.figures.text import plain
from pages.ui.frame import tables
from pages.ui.frame.tables import Column, number
from pages.ui.latent import jobs as latent_jobs
from pages.ui.latent.views import View

MEANINGS = {
    "Silhouette": "is an image nearer to its own class than to the nearest other class? 1 = far "
    "nearer, 0 = equally near, below 0 = nearer to the other; mean over the images",
    "Homogeneity": "does each k-means cluster contain one class only? 1 = all do, 0 = the clusters "
    "are independent of the classes",
    "Adjusted Rand": "(ARI) do clusters and classes group the same pairs of images together? "
    "1 = always, 0 = as often as by chance",
    "k-NN accuracy": f"the share of images whose {N_NEIGHBOURS} nearest others vote for their "
    "own class",
}
SPACES = {
    "codes": "codes of {name}",
    "pixels": "raw pixels",
    "pca": "PCA of the same size",
}
SIZE = "Dimensions of the space: how many numbers describe an image"
COLUMNS = (
    Column("space", "", width=200),
    number("size", "numbers", ".0f", help=SIZE),
    *(
        number(name, title, ".3f", help=MEANINGS[title])
        for name, title in zip(MEASURES, MEANINGS, strict=True)
    ),
)


def draw(views: tuple[View, ...]) -> None:
    """Draw a table for each model, or the button that starts the computation."""
    labels = views[0].population.images.labels
    if labels is None or len(np.unique(labels)) < 2:
        st.info(
            "These images have no classes to compare with. Choose data with two classes or more."
        )
        return
    for one in views:
        _one(one)
    st.markdown("\n".join(f"- **{name}**: {meaning}." for name, meaning in MEANINGS.items()))
    n = min(len(labels), latent_jobs.N_MEASURED)
    st.caption(
        f"Measured on {n:,} of the {len(labels):,} images shown, stratified. k-means looks for as "
        "many clusters as there are classes. The PCA is fitted to these same images."
    )


def table(found: tuple[Structure, ...], name: str) -> pd.DataFrame:
    """The metrics as a table with a row for each space: codes, pixels, PCA."""
    rows = [
        {
            "space": SPACES[one.name].format(name=name),
            "size": one.size,
            "silhouette": one.silhouette,
            "homogeneity": one.homogeneity,
            "adjusted_rand": one.adjusted_rand,
            "neighbour_accuracy": one.neighbour_accuracy,
        }
        for one in found
    ]
    return pd.DataFrame(rows)


def _one(one: View) -> None:
    spec, card = one.asked.spec, one.card
    key = latent_jobs.job_key(spec, card, "numbers")
    found = latent_jobs.numbers(spec, card)
    if found is None:
        st.caption(f"{plain(card.name)}: not measured on these images yet.")
        progress.offer_job(
            key,
            "Measure",
            "Silhouette, k-means and k-NN of codes, pixels and PCA; 30 s for 10,000 images",
            lambda: latent_jobs.start_numbers(spec, card),
        )
        return
    st.dataframe(table(found, card.name), hide_index=True, column_config=tables.config(COLUMNS))
    if len(found) == 2:
        st.caption(
            "A PCA of the same size as these codes would keep all pixels, so it is left out."
        )
