"""What a run has come to: its model, against PCA and against the best run so far."""

from collections.abc import Sequence

import streamlit as st

from core.checkpoints import Card
from core.runs import Run
from pages.ui import cache

OPEN = "Opens the Reconstruct page with this model"


def draw(run: Run, others: Sequence[Run]) -> None:
    """The model that is kept, against PCA of the same D' and against the best run so far."""
    card = kept(run)
    if card is None:
        return
    status = run.status
    columns = st.columns(4)
    columns[0].metric("Test MSE", f"{status.mse:.5f}", help="On all test images, pixels 0 to 1")
    if status.pca_mse > 0:
        columns[1].metric(
            f"PCA, D' = {card.latent_dim}",
            f"{status.pca_mse:.5f}",
            f"{status.mse / status.pca_mse - 1:+.0%} is this model",
            delta_color="inverse",
            help="The best that linear encoding into as many numbers can do, on the same images",
        )
    best = best_before(run, others)
    if best is not None:
        columns[2].metric(
            "Best other run",
            f"{best.status.mse:.5f}",
            f"{status.mse / best.status.mse - 1:+.0%} is this model",
            delta_color="inverse",
            help=f"{best.config.name}, trained on the same images, whatever its D'",
        )
    columns[3].metric("PSNR", f"{status.psnr:.1f} dB", help="Higher is nearer to the original")
    if st.button("Reconstruct with it", icon=":material/compare:", help=OPEN):
        st.session_state["dataset"], st.session_state["model"] = card.dataset, card.name
        st.switch_page("pages/reconstruct.py")


def kept(run: Run) -> Card | None:
    """The card of the model that the run has kept, if it is there still."""
    if not run.status.checkpoint or run.status.mse < 0:
        return None
    return next((card for card in cache.cards() if card.name == run.status.checkpoint), None)


def best_before(run: Run, others: Sequence[Run]) -> Run | None:
    """The other run on the same images with the lowest error."""
    train = run.config.train
    same = [
        other
        for other in others
        if other.id != run.id
        and other.status.mse > 0
        and other.config.train.dataset == train.dataset
        and other.config.train.exclude_classes == train.exclude_classes
    ]
    return min(same, key=lambda other: other.status.mse, default=None)
