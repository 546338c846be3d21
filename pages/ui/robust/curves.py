"""Error against noise: the curves, and under their slider what each model makes of the images."""

from collections.abc import Sequence
from dataclasses import dataclass

import streamlit as st

from core.checkpoints import Card
from core.config import COMMAND
from core.data.catalogue import DatasetInfo
from core.images.imagesets import ImageSet
from core.noise import Noise
from core.reports import Content, Figure, Table
from core.robustness import curves
from core.robustness.curves import Study
from core.text import counted, listed
from pages.ui import cache
from pages.ui.components.sweep.chart import Chart
from pages.ui.figures import styles
from pages.ui.figures.text import noise_name, plain, training_note
from pages.ui.frame import downloads, tables
from pages.ui.frame.sidebar import Choice
from pages.ui.frame.tables import Column, number
from pages.ui.noise import controls, panel, rows
from pages.ui.noise import report as reconstruct_report
from pages.ui.noise import sweeps as noise_sweeps
from pages.ui.noise.panel import Panel
from pages.ui.noise.sweeps import Measured, Shown
from pages.ui.robust import chart as robust_chart
from pages.ui.robust import controls as robust_controls
from pages.ui.robust.chart import CurveOptions
from pages.ui.robust.controls import CurveChoices

# What the Robustness page tells in a report: the curves, and who is nearest where.


@dataclass(frozen=True)
class Pictured:
    """State of the screen: images, noise, and its amount.

    chart: the curves above them.
    """

    images: ImageSet
    shown: Shown
    sigma: float
    chart: Chart


def curves_content(choices: CurveChoices, found: Study, pictured: Pictured) -> Content:
    """The curves of a study, its sentences and its numbers, and pictures at one amount of noise."""
    choice, n = choices.choice, found.noisy.values.shape[2]
    crossing, others, use = robust_chart.sayings(found)
    settings = {
        **downloads.of_data(choice.dataset.id, choice.split, n),
        **downloads.of_noise(choices.noise, choices.seed),
        "draws of the noise": str(choices.draws),
        "amounts of noise": str(choices.levels),
        "metric": choices.metric.title,
        "band around each curve": robust_controls.BANDS[choices.band],
        "σ of the pictures": f"{pictured.sigma:.2f}",
    }
    sweeps = tuple(noise_sweeps.model_sweeps(pictured.shown, choices.cards))
    step = rows.nearest_step(sweeps[0].sigmas, pictured.sigma)
    drawn = reconstruct_report.rows(pictured.images, sweeps, choices.cards, step)
    sayings = (robust_chart.summary(found), *crossing, *others, *use)
    name = f"{choices.metric.title} against noise"
    chart = robust_chart.still(pictured.chart, pictured.sigma)
    figure = Figure(name, chart, f"Means over {counted(n, 'image')}. {robust_chart.MARKED}")
    return Content(
        name="Robustness",
        sayings=sayings,
        settings=settings,
        cards=choices.cards,
        rows=drawn,
        figures=(figure,),
        tables=(curves_table(found),),
    )


def curves_table(found: Study) -> Table:
    """A row an amount of noise, a column a model, as on the page."""
    note = f"Mean {found.metric.title} against the clean images."
    return tables.table("Numbers", robust_chart.means(found), columns(found), note)


def columns(found: Study) -> tuple[Column, ...]:
    """The columns of the means: the noise, and a curve each."""
    form = f".{found.metric.digits + 1}f"
    levels = (number(one.name, one.name, form) for one in (*found.models, found.noisy))
    return number("sigma", "σ", ".2f", pinned=True), *levels


N_PICTURES, N_LARGE = 10, 6  # of images up to controls.LARGE pixels a side, and of larger ones
# Pictures of many models are costly: they are made at the amounts measured, and halfway between.
LEAST_STEPS = 21


def draw(choice: Choice) -> None:
    """Ask, measure, then show curves, pictures, sentences and numbers."""
    choices = robust_controls.choices(choice)
    if not choices.cards:
        st.info("Choose at least one model under Compare.")
        return
    waiting = st.empty()
    if not cache.warm_up().is_set():
        waiting.skeleton(height=540)
    found = study(choices)
    waiting.empty()
    st.markdown(f"**{plain(robust_chart.summary(found))}**")
    draw_warnings(choice, choices.cards, choices.noise)
    pictured = _draw_sweep(choices, found)
    _draw_words(found)
    _draw_numbers(choices, found)
    downloads.button(lambda: curves_content(choices, found, pictured), "robustness")


def _draw_sweep(choices: CurveChoices, found: Study) -> Pictured:
    """The chart with its slider, and under it the pictures; what is shown of them."""
    images, shown = _pictures(choices)
    drawn = styles.of_models([card.name for card in choices.cards])
    options = CurveOptions(drawn, choices.noise.kind, choices.band, choices.log)
    chart = robust_chart.chart(found, choices.cards, options)
    at = panel.show(
        Panel(
            "robust_sweep",
            noise_sweeps.packed_sweep(shown, choices.cards),
            images,
            choices.cards,
            sweeps=lambda: tuple(noise_sweeps.model_sweeps(shown, choices.cards)),
            chart=chart,
        )
    )
    return Pictured(images, shown, at.sigma, chart)


def _pictures(choices: CurveChoices) -> tuple[ImageSet, Shown]:
    """The images under the slider, and what has to be known to make their pictures."""
    choice, every = choices.choice, choices.choice.images()
    n = N_PICTURES if every.shape[-1] < controls.LARGE else N_LARGE
    images = controls.pick(every, (), n, controls.shuffle())
    ids, steps = tuple(images.ids.tolist()), max(LEAST_STEPS, choices.levels)
    return images, Shown(
        dataset=choice.dataset.id,
        split=choice.split,
        ids=ids,
        noise=choices.noise,
        seed=choices.seed,
        finest=steps,
    )


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


def _draw_numbers(choices: CurveChoices, found: Study) -> None:
    with st.expander("The numbers"):
        metric = choices.metric
        st.dataframe(
            robust_chart.means(found),
            hide_index=True,
            column_config=tables.config(columns(found)),
        )
        _caption(choices, found)
        downloads.csv_button(
            lambda: robust_chart.long_table(found, constants(choices)),
            f"hourglass-robustness-{metric.name}.csv",
            "Means, bands and draws of every curve, with all settings",
        )


def constants(choices: CurveChoices) -> dict[str, str | int | float]:
    """The choices as columns of an export."""
    noise = choices.noise
    return {
        "dataset": choices.choice.dataset.id,
        "split": choices.choice.split,
        "noise": noise.kind,
        "mu": noise.mu,
        "clip": noise.clip,
        "first_seed": choices.seed,
        "draws": choices.draws,
    }


def _caption(choices: CurveChoices, found: Study) -> None:
    n, split = found.noisy.values.shape[2], choices.choice.split
    total = len(choices.choice.images())
    which = robust_controls.which(n, total)
    seeds = (
        f"seed {choices.seed}"
        if choices.draws == 1
        else f"{choices.draws} draws from seed {choices.seed}"
    )
    st.caption(
        plain(
            f"Mean {choices.metric.title} against the clean images: {which} {split} images of "
            f"{choices.choice.dataset.id}, {noise_name(choices.noise)}, {seeds}. "
            f"With all images they equal those of `{COMMAND} evaluate CHECKPOINT --sigma ...`."
        )
    )


# The curves that are asked for, measured on the way.


def study(choices: CurveChoices) -> Study:
    """All curves, those that were not measured before at one time."""
    measured = (None, *choices.cards)
    tables = noise_sweeps.measured(
        [(_measured(choices, seed), card) for card in measured for seed in choices.seeds]
    )
    names = [card.name if card else curves.INPUT for card in measured]
    noisy, *models = (
        curves.curve(name, tables[k * choices.draws : (k + 1) * choices.draws], choices.metric)
        for k, name in enumerate(names)
    )
    return Study(curves.levels(choices.levels), choices.metric, tuple(models), noisy)


def _measured(choices: CurveChoices, seed: int) -> Measured:
    choice = choices.choice
    return Measured(
        dataset=choice.dataset.id,
        split=choice.split,
        n=choices.n,
        noise=choices.noise,
        seed=seed,
        levels=choices.levels,
    )


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
    """Measurements of one model under this noise on these images."""
    found = [training_note(card, noise)]
    n = info.n_train if split == "train" else info.n_test
    seen = cache.seen(card, info.id, split, n)
    if seen.is_any:
        found.append(seen.words(f"{split} images"))
    if card.excluded_classes:
        without = listed(card.excluded_classes)
        found.append(f"Was trained without the classes {without}, which are measured here too.")
    return [note for note in found if note]
