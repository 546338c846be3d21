"""How far the codes keep what belongs together together, in numbers beside pixels and PCA."""

import numpy as np
import pandas as pd
import streamlit as st

from core.latent.structure import N_NEIGHBOURS, Structure
from pages.ui import progress
from pages.ui.figures.text import plain
from pages.ui.latent import jobs as latent_jobs
from pages.ui.latent.views import View

MEANINGS = {
    "Silhouette": "is an image nearer to its own class than to the next one? 1 = far nearer, "
    "0 = as near, below 0 = nearer to the other; mean over the images",
    "Homogeneity": "does each k-means cluster hold one class only? 1 = all do, 0 = the clusters "
    "say nothing about the classes",
    "Adjusted Rand": "do clusters and classes agree about which images go together? 1 = always, "
    "0 = as by chance",
    "k-NN accuracy": f"the share of images whose {N_NEIGHBOURS} nearest others vote for their "
    "own class",
}
SPACES = {
    "codes": "codes of {name}",
    "pixels": "raw pixels",
    "pca": "PCA of the same size",
}
SIZE = "How many numbers a point has"
COLUMNS = {
    "space": st.column_config.TextColumn("", width="medium"),
    "size": st.column_config.NumberColumn("numbers", format="%d", help=SIZE),
} | {
    field: st.column_config.NumberColumn(name, format="%.3f", help=MEANINGS[name])
    for field, name in zip(
        ("silhouette", "homogeneity", "adjusted_rand", "neighbour_accuracy"), MEANINGS, strict=True
    )
}


def draw(views: tuple[View, ...]) -> None:
    """A table for each model, or what starts the measuring."""
    labels = views[0].population.images.labels
    if labels is None or len(np.unique(labels)) < 2:
        st.info("These images have no classes to compare with: choose data with two or more.")
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
    """A row a space."""
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
    crowd, card = one.asked.crowd, one.card
    key = latent_jobs.job_key(crowd, card, "numbers")
    found = latent_jobs.numbers(crowd, card)
    if found is None:
        st.caption(f"{plain(card.name)}: not measured on these images yet.")
        progress.offer_job(
            key,
            "Measure",
            "Silhouette, k-means and k-NN of codes, pixels and PCA; takes half a minute for 10,000",
            lambda: latent_jobs.start_numbers(crowd, card),
        )
        return
    st.dataframe(table(found, card.name), hide_index=True, column_config=COLUMNS)
    if len(found) == 2:
        st.caption("A PCA with as many numbers as these codes would be the pixels themselves.")
