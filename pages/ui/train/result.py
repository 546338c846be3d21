"""The result of a run: its model compared with PCA and the best similar run, and downloads."""

from collections.abc import Callable, Sequence
from functools import partial
from typing import Literal, get_args

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from core import checkpoints
from core.checkpoints import Card
from core.data import catalogue
from core.export import script
from core.metrics import psnr_text
from core.models import architecture
from core.runs import Run
from core.training.remedies import Remedy, remedies
from pages.ui import cache
from pages.ui.figures.text import decimal, plain
from pages.ui.frame import errors, sidebar, ways

Part = Literal["whole", "encoder", "decoder"]
OPEN = "Opens the Reconstruct page with this model"
OUTLIERS = "Opens the Outliers page with this model and the images it was tested on"
TAKE = "Files for other programs: ONNX, a script that trains the model, the checkpoint"
ONNX = {
    "whole": "x (n, C, H, W), 0 to 1, to its reconstruction x_hat",
    "encoder": "x (n, C, H, W), 0 to 1, to its code z (n, D')",
    "decoder": "A code z (n, D') to the image x_hat",
}
CODE = "A short PyTorch script that builds and trains exactly this model"
CHECKPOINT = "The .safetensors file; another Hourglass can open it under Your images, Models"


def draw(run: Run, others: Sequence[Run]) -> None:
    """Draw the model's errors beside those of PCA and the best similar run, and its downloads."""
    card = saved_card(run)
    if card is None:
        return
    _numbers(run, card, best_before(run, others))
    if card.warning:
        _poor(run, card)
    with st.container(horizontal=True):
        if catalogue.is_named(card.dataset) and st.button(
            "Show its outliers",
            type="secondary" if card.warning else "primary",
            icon=":material/flag:",
            on_click=_choose,
            args=(card,),
            help=OUTLIERS,
        ):
            st.switch_page("pages/outliers.py")
        if st.button(
            "Reconstruct with it",
            icon=":material/compare:",
            on_click=_choose,
            args=(card,),
            help=OPEN,
        ):
            st.switch_page("pages/reconstruct.py")
        with st.popover("Take it away", icon=":material/download:", help=TAKE):
            _downloads(card)


def _poor(run: Run, card: Card) -> None:
    """What is wrong with a model, and buttons that train another instead."""
    st.warning(plain(card.warning), icon=":material/warning:")
    found = remedies(run.config.train, card)
    if not found:
        return
    with st.container(horizontal=True):
        for one in found:
            st.button(
                one.words, key=f"instead_{one.words}", icon=":material/replay:",
                on_click=_instead, args=(run, one), help=f"Starts another run: {one.about}",
            )  # fmt: skip


def _instead(run: Run, one: Remedy) -> None:
    """Callback that starts another training instead of a run, and shows it."""
    with errors.toasted():
        st.session_state["run"] = ways.started(one.config, run.config.threads).id


def _numbers(run: Run, card: Card, best: Run | None) -> None:
    """Draw test MSE, PSNR and SSIM, and the errors of PCA and of the best similar run."""
    status = run.status
    shown = st.container(horizontal=True, gap="large")
    about = "Mean squared error over all test images; pixels are 0 to 1"
    shown.metric("Test MSE", decimal(status.mse, 5), help=about, width="content")
    if status.pca_mse > 0:
        about = "The best linear code of the same size, on the same test images"
        _rival(shown, f"PCA, D' = {card.latent_dim}", status.mse, status.pca_mse, about)
    if best is not None:
        about = f"{plain(best.config.name)}: same images, same noise in training, same D'"
        _rival(shown, "Best similar run", status.mse, best.status.mse, about)
    about = "Higher is nearer to the original"
    shown.metric("PSNR", psnr_text(status.psnr), help=about, width="content")


def _rival(place: DeltaGenerator, label: str, mse: float, other: float, about: str) -> None:
    """Draw another model's error, and how much this model's error differs from it."""
    place.metric(
        label,
        decimal(other, 5),
        _against(mse, other),
        delta_color="inverse",
        width="content",
        help=about,
    )


def _downloads(card: Card) -> None:
    """Draw the downloads; each file is made when its button is pressed."""
    for part in get_args(Part):
        name = f"{card.name}-{part}.onnx" if part != "whole" else f"{card.name}.onnx"
        _download(f"ONNX, {part}", partial(_onnx, card, part), name, ONNX[part])
    _download("PyTorch code", lambda: script.script(card), f"{card.name}.py", CODE)
    _download("Checkpoint", card.path.read_bytes, card.path.name, CHECKPOINT)


def _download(label: str, content: Callable[[], bytes | str], name: str, about: str) -> None:
    st.download_button(
        label, content, name, on_click="ignore", width="stretch", help=about, key=f"take_{name}"
    )


def _onnx(card: Card, part: Part) -> bytes:
    from core.models.onnx_export import to_onnx  # half a second to import

    return to_onnx(card.plan, checkpoints.of(card).tensors, part, card.title)


def _choose(card: Card) -> None:
    """Callback that makes a model the chosen one of all pages."""
    if catalogue.is_named(card.dataset):
        st.session_state["dataset"] = card.dataset
    sidebar.choose_model(card.name)


def saved_card(run: Run) -> Card | None:
    """The card of the run's model, or None if the run has none or it was deleted."""
    if not run.status.checkpoint or run.status.mse < 0:
        return None
    return next((card for card in cache.cards() if card.name == run.status.checkpoint), None)


def best_before(run: Run, others: Sequence[Run]) -> Run | None:
    """The run with the lowest error among comparable other runs, or None.

    Comparable are runs with the same images, classes, training noise and code size: the error of
    a denoiser on clean images cannot be compared with that of a model trained without noise.
    """
    same = [
        other
        for other in others
        if other.id != run.id and other.status.mse > 0 and _task(other) == _task(run)
    ]
    return min(same, key=lambda other: other.status.mse, default=None)


def _task(run: Run) -> tuple[object, ...]:
    """A key that is equal for comparable runs: data, noise, code size."""
    train = run.config.train
    spec = architecture(train.arch)
    dim = spec.check(train.options).get("latent_dim")
    code = dim or (spec.name, repr(train.options))  # 0: the block of feature maps of this network
    noise = train.noise or None
    return train.dataset, frozenset(train.exclude_classes), noise, code


def _against(mse: float, other: float) -> str | None:
    """Sentence about the difference of two models' errors; None if they hardly differ."""
    if mse >= 2 * other:
        return f"{mse / other:,.1f} times that with this model"
    change = round(100 * (mse / other - 1))
    return f"{change:+d} % with this model" if change else None
