"""Error against noise: the curves, and under their slider what each model makes of the images."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import streamlit as st

from core.checkpoints import Card
from core.data.catalogue import DatasetInfo
from core.images.imagesets import ImageSet
from core.noise import KINDS, Noise
from core.reports import Content, Figure, Table
from core.reports.svg import Chart, Series
from core.robustness import curves as robustness
from core.robustness.curves import Study
from core.text import counted, listed
from pages.ui import cache
from pages.ui.components import sweep
from pages.ui.figures import styles, theme
from pages.ui.figures.text import noise_name, plain, training_note
from pages.ui.figures.theme import Style
from pages.ui.frame import downloads
from pages.ui.frame.sidebar import Choice
from pages.ui.noise import controls, inspector, rows
from pages.ui.noise import report as reconstruct_report
from pages.ui.noise import sweeps as noise_sweeps
from pages.ui.noise.inspector import View
from pages.ui.noise.sweeps import Measured, Shown
from pages.ui.robust import chart as robust_chart
from pages.ui.robust import controls as robust_controls
from pages.ui.robust.chart import Look
from pages.ui.robust.controls import Asked
from pages.ui.session import state

# What the Robustness page tells in a report: the curves, and who is nearest where.


@dataclass(frozen=True)
class Pictured:
    """What is on the screen: pictures of which images, under which noise, at which amount of it.

    styles: of the models' curves, by name.
    """

    images: ImageSet
    shown: Shown
    sigma: float
    styles: Mapping[str, Style]


def curves_content(asked: Asked, found: Study, pictured: Pictured) -> Content:
    """The curves of a study, its sentences and its numbers, and pictures at one amount of noise."""
    choice, n = asked.choice, found.noisy.values.shape[2]
    crossing, others, use = robust_chart.sayings(found)
    settings = {
        **downloads.of_data(choice.dataset.id, choice.split, n),
        **downloads.of_noise(asked.noise, asked.seed),
        "draws of the noise": str(asked.draws),
        "amounts of noise": str(asked.levels),
        "metric": asked.metric.title,
        "σ of the pictures": f"{pictured.sigma:.2f}",
    }
    sweeps = tuple(noise_sweeps.model_sweeps(pictured.shown, asked.cards))
    step = rows.nearest_step(sweeps[0].sigmas, pictured.sigma)
    drawn = reconstruct_report.rows(pictured.images, sweeps, asked.cards, step)
    sayings = (robust_chart.summary(found), *crossing, *others, *use)
    name = f"{asked.metric.title} against noise"
    figure = Figure(
        name, _chart(asked, found, pictured.styles), f"Means over {counted(n, 'image')}."
    )
    return Content(
        "Robustness", sayings, settings, asked.cards, drawn, (figure,), (curves_table(found),)
    )


def curves_table(found: Study) -> Table:
    """A row an amount of noise, a column a model, as on the page."""
    means, digits = robust_chart.means(found), found.metric.digits + 1
    columns = ("σ", *(str(name) for name in means.columns[1:]))
    rows = tuple(
        (f"{row[0]:.2f}", *(f"{value:.{digits}f}" for value in row[1:]))
        for row in means.itertuples(index=False)
    )
    return Table("Numbers", columns, rows, f"Mean {found.metric.title} against the clean images.")


def _chart(asked: Asked, found: Study, styles: Mapping[str, Style]) -> Chart:
    metric, sigmas = found.metric, np.array(found.sigmas)
    fine = robust_chart.FINE
    lines = tuple(
        Series(
            one.name,
            fine,
            metric.between(sigmas.tolist(), one.mean, fine),
            styles[one.name].colour,
            dash=styles[one.name].dash,
        )
        for one in found.models
    )
    grey = metric.between(sigmas.tolist(), found.noisy.mean, fine)
    if metric.unit == "dB":
        grey = np.where(grey > robust_chart.ENDLESS, np.nan, grey)
    unit = f", {metric.unit}" if metric.unit else ""
    return Chart(
        KINDS[asked.noise.kind].axis,
        f"{metric.title}{unit}",
        (*lines, Series(found.noisy.name, fine, grey, theme.REFERENCE, dash="dot")),
        f"{metric.title} against noise, a line a model. {robust_chart.summary(found)}",
        log_y=asked.log and metric.name == "mse",
    )


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
    found = study(asked)
    waiting.empty()
    st.markdown(f"**{plain(robust_chart.summary(found))}**")
    draw_warnings(choice, asked.cards, asked.noise)
    pictured = _draw_sweep(asked, found)
    _draw_words(found)
    _draw_numbers(asked, found)
    downloads.button(lambda: curves_content(asked, found, pictured), "robustness")


def _draw_sweep(asked: Asked, found: Study) -> Pictured:
    """The chart with its slider, and under it the pictures; what is shown of them."""
    images, shown = _pictures(asked)
    sigma = state.recall_number("sigma", DEFAULT_SIGMA, 0, 1)
    drawn = styles.of_models([card.name for card in asked.cards])
    look = Look(drawn, asked.noise.kind, asked.band, asked.log)
    event = sweep.show(
        noise_sweeps.packed_sweep(shown, asked.cards),
        "robust_sweep",
        start=state.on_entry("sigma", sigma),
        chart=robust_chart.chart(found, asked.cards, look),
    )
    st.session_state["sigma"] = event.asked
    state.publish("sigma", DEFAULT_SIGMA)
    if event.clicked:
        sweeps = tuple(noise_sweeps.model_sweeps(shown, asked.cards))
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
        downloads.csv_button(
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
    which = robust_controls.which(n, total)
    seeds = (
        f"seed {asked.seed}" if asked.draws == 1 else f"{asked.draws} draws from seed {asked.seed}"
    )
    st.caption(
        plain(
            f"Mean {asked.metric.title} against the clean images: {which} {split} images of "
            f"{asked.choice.dataset.id}, {noise_name(asked.noise)}, {seeds}. "
            "With all images they equal those of `python -m core evaluate CHECKPOINT --sigma ...`."
        )
    )


# The curves that are asked for, measured on the way.


def study(asked: Asked) -> Study:
    """All curves, those that were not measured before at one time."""
    curves = (None, *asked.cards)
    tables = noise_sweeps.measured(
        [(_measured(asked, seed), card) for card in curves for seed in asked.seeds]
    )
    names = [card.name if card else robustness.INPUT for card in curves]
    noisy, *models = (
        robustness.curve(name, tables[k * asked.draws : (k + 1) * asked.draws], asked.metric)
        for k, name in enumerate(names)
    )
    return Study(robustness.levels(asked.levels), asked.metric, tuple(models), noisy)


def _measured(asked: Asked, seed: int) -> Measured:
    choice = asked.choice
    return Measured(choice.dataset.id, choice.split, asked.n, asked.noise, seed, asked.levels)


# What the Robustness page's numbers are not: of noise trained for, of images not seen before.


def draw_warnings(choice: Choice, cards: Sequence[Card], noise: Noise) -> None:
    """One warning that says it all, if there is something to say."""
    found: dict[str, list[str]] = {}
    for card in cards:
        for note in notes(card, noise, choice.dataset, choice.split):
            found.setdefault(note, []).append(card.name)
    if found:
        lines = [f"**{plain(', '.join(names))}**: {plain(note)}" for note, names in found.items()]
        st.warning("  \n".join(lines), icon=":material/warning:")


def notes(card: Card, noise: Noise, info: DatasetInfo, split: str) -> list[str]:
    """What is to be known of one model under this noise on these images."""
    found = [training_note(card, noise)]
    n = info.n_train if split == "train" else info.n_test
    seen = cache.seen(card, info.id, split, n)
    if seen.is_any:
        found.append(seen.words(f"{split} images"))
    if card.excluded_classes:
        without = listed(card.excluded_classes)
        found.append(f"Was trained without the classes {without}, which are measured here too.")
    return [note for note in found if note]
