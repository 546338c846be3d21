"""The flagged images: how many, why, where the line is drawn, and where each image is wrong."""

import numpy as np
import streamlit as st

from core.anomaly import quality
from core.anomaly.thresholds import edge
from core.text import counted
from pages.ui import cache
from pages.ui.components.sweep import packing
from pages.ui.figures import mosaic
from pages.ui.figures.text import plain
from pages.ui.outliers import brush as outlier_brush
from pages.ui.outliers import data as outlier_data
from pages.ui.outliers import export as outlier_export
from pages.ui.outliers import pictures as outlier_pictures
from pages.ui.outliers.data import Outcome, Positions
from pages.ui.session import selection, state, widgets

ON_A_PAGE = 24
OPACITY = 0.65  # of the overlay, to begin with
SIDE = 84  # pixels of the two images at the threshold
NOTHING = "Nothing is flagged: lower the threshold, or choose another score."


def draw(outcome: Outcome) -> str | None:
    """All of the section; the id of an image that was clicked in it."""
    left, right = st.columns([5, 2], gap="medium")
    with left:
        outlier_brush.draw_brush(outcome)
    with right:
        _edge(outcome)
    return _gallery(outcome)


def sentence(outcome: Outcome) -> str:
    """How many are flagged, and how the line was drawn, as markdown."""
    n, flagged = len(outcome.images), int(outcome.flagged.sum())
    said = ("is", "it scores") if flagged == 1 else ("are", "they score")
    return (
        f"**{flagged:,} of {n:,} images {said[0]} flagged ({flagged / n:.1%})**: {said[1]} above "
        f"**{outcome.threshold.value:.4g}**, {plain(outcome.threshold.how)}."
    )


def _edge(outcome: Outcome) -> None:
    """The last image kept beside the first flagged."""
    at = edge(outcome.scores, outcome.threshold)
    st.markdown("**At the threshold**")
    st.caption("Two images, each beside its reconstruction")
    with st.container(horizontal=True):
        for title, position in (("last kept", at.last_kept), ("first flagged", at.first_flagged)):
            with st.container(width=112):
                st.caption(f"**{title}**")
                if position is None:
                    st.caption("none")
                    continue
                _two(outcome, position)


def _two(outcome: Outcome, position: int) -> None:
    """One image beside its reconstruction, with its score."""
    x = outcome.images.pixels([position])
    x_hat = cache.autoencoder(outcome.scope.card).reconstruct(x)
    pictures = mosaic.enlarged(mosaic.colours(np.concatenate([x, x_hat])), SIDE)
    sheet = np.concatenate(list(pictures), axis=1)
    label = outcome.images.label_name(position)
    alt = f"{outcome.images.ids[position]}, beside its reconstruction"
    st.image(mosaic.png(sheet), width=112, alt=alt)
    st.caption(plain(f"{outcome.scores[position]:.4g}" + (f" · class {label}" if label else "")))


def _gallery(outcome: Outcome) -> str | None:
    which, order = _shown(outcome)
    if not len(order):
        st.info(NOTHING, icon=":material/search_off:")
        return None
    with st.container(horizontal=True, vertical_alignment="bottom"):
        order = _with_fact(outcome, order)
        page = _page(len(order))
        st.button(
            "Select these",
            icon=":material/check_box:",
            on_click=selection.select,
            args=(outcome.images.ids[order].tolist(),),
            help="Select these images on all pages",
        )
        outlier_export.shown(outcome, order, which)
    shown = order[ON_A_PAGE * (page - 1) : ON_A_PAGE * page]
    packed = cache.kept(
        ("flagged", outcome.scope.key, outcome.score.name, tuple(shown.tolist())),
        lambda: packing.pack(outlier_pictures.described(outcome, shown)),
    )
    event = widgets.frames(packed, "flagged_images", "opacity", OPACITY)
    _localised(outcome)
    return event.clicked


def _shown(outcome: Outcome) -> tuple[str, Positions]:
    """Which images are looked at, and where they are: the flagged, unless others are asked for."""
    orders = {
        "flagged": outcome.queue,
        "conspicuous": outlier_data.conspicuous(outcome.scope),
        "selected": outlier_data.by_score(
            outcome.scores, np.flatnonzero(np.isin(outcome.images.ids, selection.ids()))
        ),
    }
    kinds = [kind for kind, order in orders.items() if len(order) or kind == "flagged"]
    kind = widgets.choice(
        st.segmented_control,
        "Images, the strangest first",
        kinds,
        key="outliers_shown",
        default="flagged",
        required=True,
        format_func=lambda one: f"{one.capitalize()} · {len(orders[one]):,}",
        help="**Flagged**: above the threshold. **Conspicuous**: dark, bright, nearly uniform, "
        "blurred or grainy pictures and copies (equal, almost equal, of conflicting classes) among "
        "all that are judged, whatever they score: broken files often are. **Selected**: on any "
        "page.",
    )
    if kind == "conspicuous":
        st.caption(of_conspicuous(int(outcome.flagged[orders[kind]].sum()), len(orders[kind])))
    return kind, orders[kind]


def of_conspicuous(n_flagged: int, n: int) -> str:
    """How many conspicuous pictures the score has found by itself."""
    share = 100 * (1 - (1 - 2 * quality.EXTREME) ** len(quality.NAMES))
    return (
        f"{n_flagged:,} of these {n:,} are flagged by the score, too. The most conspicuous come "
        f"first, copies last; of usual images about {share:.0f} in 100 are as dark, bright, "
        "uniform, blurred or grainy as the last ones."
    )


def _with_fact(outcome: Outcome, order: Positions) -> Positions:
    """Those of some images that have the chosen fact; the pills say how many have which."""
    facts = outlier_data.facts(outcome.scope, order)
    counts = {name: sum(name in one for one in facts) for name in outlier_data.FACTS}
    names = [name for name, n in counts.items() if n]
    if not names:
        return order
    meanings = "\n".join(f"- **{name}**: {outlier_data.FACTS[name]}" for name in names)
    chosen = widgets.choice(
        st.pills,
        "As pictures",
        names,
        key="fact",
        default=None,
        format_func=lambda name: f"{name} · {counts[name]}",
        help=f"Compared with the reference images. None chosen = all.\n{meanings}",
    )
    return order if chosen is None else order[[chosen in one for one in facts]]


def _page(n: int) -> int:
    """Which page of the pictures is shown, from 1 on."""
    pages = -(-n // ON_A_PAGE)
    if pages <= 1:
        return 1
    key, at = f"flagged_page_{pages}", state.recall_whole("flagged_page", 1, 1, pages)
    st.session_state["flagged_page"] = st.pagination(
        pages, default=int(state.on_entry(key, at)), key=key
    )
    state.publish("flagged_page", 1)
    return int(st.session_state["flagged_page"])


def _localised(outcome: Outcome) -> None:
    """How well the errors mark the defects, where it is known which pixels those are."""
    if outcome.images.masks is None:
        return
    value = outlier_data.localisation(outcome.scope, outcome.score.name)
    what = "the map of the score" if outcome.score.local else "the error"
    n = counted(len(outcome.images), "image")
    st.caption(
        f"**Pixel-level AUROC {value:.3f}**: the probability that a pixel of a defect has a larger "
        f"value in {what} than another one, over all pixels of {n}; 0.5 = guessing."
    )
