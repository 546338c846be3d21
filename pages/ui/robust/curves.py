"""Error against noise: the curves, and under their slider what each model makes of the images."""

import streamlit as st

from core.images.imagesets import ImageSet
from core.robustness.curves import Study
from pages.ui import cache, exporting
from pages.ui.cache import Shown
from pages.ui.components import sweep
from pages.ui.figures import styles
from pages.ui.figures.text import noise_name, plain
from pages.ui.frame import downloads
from pages.ui.frame.sidebar import Choice
from pages.ui.noise import controls, inspector, rows
from pages.ui.noise.inspector import View
from pages.ui.robust import chart as robust_chart
from pages.ui.robust import controls as robust_controls
from pages.ui.robust import measuring, studying
from pages.ui.robust import report as robust_report
from pages.ui.robust import warnings as robust_warnings
from pages.ui.robust.chart import Look
from pages.ui.robust.controls import Asked
from pages.ui.robust.report import Pictured
from pages.ui.session import state

N_PICTURES, N_LARGE = 10, 6  # of images up to controls.LARGE pixels a side, and of larger ones
# Pictures of many models are costly: they are made at the amounts measured, and halfway between.
LEAST_STEPS = 21
DEFAULT_SIGMA = 0.5


def draw(choice: Choice) -> None:
    """Ask, measure, then show curves, pictures, sentences and numbers."""
    asked = robust_controls.asked(choice)
    if not asked.cards:
        st.info("Choose at least one model under Compare.")
        return
    waiting = st.empty()
    if not cache.warm_up().is_set():
        waiting.skeleton(height=540)
    found = studying.study(asked)
    waiting.empty()
    st.markdown(f"**{plain(robust_chart.summary(found))}**")
    robust_warnings.draw_warnings(choice, asked.cards, asked.noise)
    pictured = _draw_sweep(asked, found)
    _draw_words(found)
    _draw_numbers(asked, found)
    downloads.button(lambda: robust_report.curves_content(asked, found, pictured), "robustness")


def _draw_sweep(asked: Asked, found: Study) -> Pictured:
    """The chart with its slider, and under it the pictures; what is shown of them."""
    images, shown = _pictures(asked)
    sigma = state.recall_number("sigma", DEFAULT_SIGMA, 0, 1)
    drawn = styles.of_models([card.name for card in asked.cards])
    look = Look(drawn, asked.noise.kind, asked.band, asked.log)
    event = sweep.show(
        cache.packed_sweep(shown, asked.cards),
        "robust_sweep",
        start=state.on_entry("sigma", sigma),
        chart=robust_chart.chart(found, asked.cards, look),
    )
    st.session_state["sigma"] = event.asked
    state.publish("sigma", DEFAULT_SIGMA)
    if event.clicked:
        sweeps = tuple(cache.model_sweeps(shown, asked.cards))
        step = rows.nearest_step(sweeps[0].sigmas, event.value)
        models = tuple(cache.autoencoder(card) for card in asked.cards)
        scale = rows.error_scale(sweeps)
        inspector.inspect(View(images, models, sweeps, step, scale), event.clicked)
    return Pictured(images, shown, event.value, drawn)


def _pictures(asked: Asked) -> tuple[ImageSet, Shown]:
    """The images under the slider, and what has to be known to make their pictures."""
    choice, every = asked.choice, asked.choice.images()
    n = N_PICTURES if every.shape[-1] < controls.LARGE else N_LARGE
    images = controls.pick(every, (), n, controls.shuffle())
    ids, steps = tuple(images.ids.tolist()), max(LEAST_STEPS, asked.levels)
    return images, Shown(choice.dataset.id, choice.split, ids, asked.noise, asked.seed, steps)


def _draw_words(found: Study) -> None:
    _, others, use = robust_chart.sayings(found)
    with st.expander("Who is nearer, and from where a model is of use at all", expanded=False):
        for title, sentences in (
            ("Against the noisy image itself", use),
            ("Pairs that do not cross", others),
        ):
            if sentences:
                st.markdown(f"**{title}**")
                st.markdown("\n".join(f"- {plain(sentence)}" for sentence in sentences))


def _draw_numbers(asked: Asked, found: Study) -> None:
    with st.expander("The numbers"):
        metric = asked.metric
        column = st.column_config.NumberColumn(format=f"%.{metric.digits + 1}f")
        table = robust_chart.means(found)
        st.dataframe(
            table,
            hide_index=True,
            column_config={
                "sigma": st.column_config.NumberColumn("σ", format="%.2f", pinned=True),
                **{curve.name: column for curve in (*found.models, found.noisy)},
            },
        )
        _caption(asked, found)
        exporting.csv_button(
            lambda: robust_chart.long_table(found, constants(asked)),
            f"hourglass-robustness-{metric.name}.csv",
            "Means, bands and draws of every curve, with all settings",
        )


def constants(asked: Asked) -> dict[str, str | int | float]:
    """What was asked, as columns of an export."""
    noise = asked.noise
    return {
        "dataset": asked.choice.dataset.id,
        "split": asked.choice.split,
        "noise": noise.kind,
        "mu": noise.mu,
        "clip": noise.clip,
        "first_seed": asked.seed,
        "draws": asked.draws,
    }


def _caption(asked: Asked, found: Study) -> None:
    n, split = found.noisy.values.shape[2], asked.choice.split
    total = len(asked.choice.images())
    which = measuring.which(n, total)
    seeds = (
        f"seed {asked.seed}" if asked.draws == 1 else f"{asked.draws} draws from seed {asked.seed}"
    )
    st.caption(
        plain(
            f"Mean {asked.metric.title} against the clean images: {which} {split} images of "
            f"{asked.choice.dataset.id}, {noise_name(asked.noise)}, {seeds}. "
            "The same as `python -m core evaluate CHECKPOINT --sigma ...` with all images."
        )
    )
