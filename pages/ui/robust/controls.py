"""Controls of the Robustness page: models, noise, measure and method."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import streamlit as st

from core.checkpoints import Card
from core.noise import Noise
from core.robustness.curves import METRICS, Metric, metric
from pages.ui.figures.text import titles
from pages.ui.frame.sidebar import Choice
from pages.ui.noise import controls
from pages.ui.robust.chart import BandKind
from pages.ui.robust.questions import MOST, questions
from pages.ui.session import widgets

# On how much the Robustness page measures, and how its curves are drawn.

COUNTS = ("50", "200", "1000", "all")
MOST_VALUES = 12_500_000  # numbers in all images measured, to begin with: seconds, not a minute
DRAWS = (1, 3, 5)
LEVELS = (11, 21, 51)
BANDS: dict[BandKind, str] = {
    "images": "contains 80 % of all images and draws",
    "draws": "from the smallest to the largest mean of a draw",
    "none": "only the means",
}


def default_count(shape: tuple[int, int, int]) -> str:
    """Default number of images to measure: fewer of large ones."""
    fitting = [n for n in COUNTS[:-1] if int(n) * math.prod(shape) <= MOST_VALUES]
    return fitting[-1] if fitting else COUNTS[0]


def n_images(shape: tuple[int, int, int]) -> int:
    """Number of images of this shape to measure; 0 = all."""
    default = default_count(shape)
    n = widgets.choice(
        st.select_slider,
        "Images measured",
        COUNTS,
        key="measured",
        default=default,
        help="Evenly spaced over the chosen split",
    )
    if default != COUNTS[-2]:
        c, h, w = shape
        st.caption(f"The default is {default}, because these images are large ({c} x {h} x {w}).")
    return 0 if n == "all" else int(n)


def which(n: int, total: int) -> str:
    """The number of measured images in words, with their total."""
    return f"all {n:,}" if n == total else f"{n:,} of {total:,}, evenly spread,"


def amounts(shape: tuple[int, int, int]) -> tuple[int, int, int]:
    """Controls for the number of images (0 = all), draws of the noise, and amounts of it."""
    n = n_images(shape)
    draws = widgets.choice(
        st.select_slider,
        "Draws of the noise",
        DRAWS,
        key="draws",
        default=1,
        help="Each draw measures all images again, with the next seed",
    )
    levels = widgets.choice(
        st.select_slider,
        "Amounts of noise",
        LEVELS,
        key="levels",
        default=11,
        help="From 0 to 1; between them the curves are interpolated",
    )
    return n, draws, levels


def drawing() -> tuple[BandKind, bool]:
    """Which of BANDS is drawn, and whether an MSE is on a logarithmic axis."""
    band = widgets.choice(
        st.radio,
        "Band",
        list(BANDS),
        key="band",
        default=next(iter(BANDS)),
        captions=list(BANDS.values()),
        help="What the shaded area around each curve shows",
    )
    log = widgets.switch(
        "Logarithmic MSE",
        key="log",
        default=True,
        help="Shows differences of small errors too; PSNR and SSIM always have a linear scale",
    )
    return band, log


STORY = (
    "mnist-dense-2", "mnist-overcomplete", "mnist-overcomplete-linear", "mnist-denoising",
    "mnist-pca-32", "shapes-pca-32", "shapes-conv",
)  # fmt: skip


@dataclass(frozen=True)
class CurveChoices:
    """The visitor's choices.

    cards: compared, a PCA always among them if there is one.  n: images measured, 0 for all.
    draws: of the noise, from seed on.  levels: amounts of noise.  band: a key of BANDS.
    """

    choice: Choice
    cards: tuple[Card, ...]
    noise: Noise
    seed: int
    n: int
    draws: int
    levels: int
    metric: Metric
    band: BandKind
    log: bool

    @property
    def seeds(self) -> tuple[int, ...]:
        """One a draw."""
        return tuple((self.seed + i) % (widgets.MAX_SEED + 1) for i in range(self.draws))


def choices(choice: Choice) -> CurveChoices:
    """The controls above the curves, and what they say."""
    cards = compared(choice)
    with st.container(horizontal=True, vertical_alignment="bottom"):
        shown = _metric()
        noise, seed = controls.noise()
        with st.popover("Measure", icon=":material/tune:", help="On how much, and how drawn"):
            n, draws, levels = amounts(choice.dataset.input_shape)
            band, log = drawing()
        _questions(choice.fitting)
        controls.shuffle_button()
    return CurveChoices(
        choice=choice,
        cards=cards,
        noise=noise,
        seed=seed,
        n=n,
        draws=draws,
        levels=levels,
        metric=metric(shown),
        band=band,
        log=log,
    )


def with_pca(names: Sequence[str], fitting: Sequence[Card]) -> tuple[Card, ...]:
    """The models of these names, and the largest PCA if none is among them."""
    chosen = [card for card in fitting if card.name in names]
    linear = [card for card in fitting if card.architecture.closed_form]
    if linear and not any(card in linear for card in chosen):
        chosen.append(max(linear, key=lambda card: card.latent_dim))
    order = {name: i for i, name in enumerate(names)}
    return tuple(sorted(chosen, key=lambda card: order.get(card.name, len(order))))


def default_names(main: Card, fitting: Sequence[Card]) -> list[str]:
    """The sidebar's model and those that the story needs, or the first few there are."""
    names = [card.name for card in fitting]
    story = [name for name in STORY if name in names] or names[: MOST - 2]
    linear = [card.name for card in with_pca(story, fitting)]
    return list(dict.fromkeys([*linear, main.name]))


def compared(choice: Choice) -> tuple[Card, ...]:
    """The models to compare, as asked for; a PCA always among them if there is one."""
    named = titles(choice.fitting)
    default = default_names(choice.model(), choice.fitting)
    names = widgets.several(
        st.multiselect,
        "Compare",
        list(named),
        key="models",
        default=default,
        what="model",
        max_selections=MOST,
        placeholder="Choose models",
        help="On the same images with the same noise; a PCA is always beside them",
    )
    return with_pca(names, choice.fitting)


def _questions(fitting: Sequence[Card]) -> None:
    offered = questions(fitting)
    with st.popover("Questions", icon=":material/help:", help="Comparisons that answer something"):
        for question in offered:
            st.button(
                question.title,
                help=question.help,
                on_click=_choose,
                args=(question.names,),
                width="stretch",
            )
        if not offered:
            st.caption("These models answer none: train one with noise, or one with D' = 2.")


def _choose(names: tuple[str, ...]) -> None:
    st.session_state["models"] = list(names)


def _metric() -> str:
    """The name of the chosen metric."""
    named = {one.title: one.name for one in METRICS}
    title = widgets.choice(
        st.segmented_control,
        "Metric",
        list(named),
        key="metric",
        default=METRICS[0].title,
        required=True,
        help="Against the clean image: mean squared error (lower is nearer), peak signal-to-noise "
        "ratio in dB, structural similarity (both: higher is nearer)",
    )
    return named[title]
