"""What the wall, the sizes and the table of models tell in a report."""

from collections.abc import Iterator, Sequence

import pandas as pd

from core.checkpoints import Card
from core.images.imagesets import ImageSet
from core.noise import Noise
from core.reports import Content, Figure, Row
from core.reports.svg import Chart, Series
from core.robustness.sweeps import ModelSweep
from core.text import counted
from pages.ui.figures import mosaic, styles
from pages.ui.figures.text import decimal
from pages.ui.frame import downloads
from pages.ui.frame.downloads import Column
from pages.ui.frame.sidebar import Choice
from pages.ui.robust import wall as robust_ranking
from pages.ui.robust.wall import Ranked

RANKED = (
    Column("checkpoint", "checkpoint"),
    Column("rank", "rank", ".1f"),
    Column("mse", "MSE", ".4f"),
    Column("percentile", "percentile", ".1f"),
)
SIZES = (
    Column("family", "family"),
    Column("latent_dim", "D'", ","),
    Column("name", "checkpoint"),
    Column("mse", "test MSE", ".5f"),
    Column("gain", "gain over PCA", ".2f"),
    Column("n_parameters", "parameters", ","),
    Column("seconds", "training, s", ".0f"),
)
MODELS = (
    Column("name", "checkpoint"),
    Column("architecture", "architecture"),
    Column("latent_dim", "D'", ","),
    Column("n_parameters", "parameters", ","),
    Column("trained_noise", "trained noise"),
    Column("trained_sigma", "trained σ", ".2f"),
    Column("mse", "MSE, clean", ".5f"),
    Column("noisy_mse", "MSE, noisy", ".5f"),
    Column("images_per_second", "images/s", ",.0f"),
    Column("output", "output"),
    Column("dataset", "trained on"),
)


def wall(choice: Choice, images: ImageSet, ranked: Ranked, seed: int) -> Content:
    """images: of the wall.  seed: of the noise."""
    sigma, table = f"{ranked.sweep.sigmas[0]:.2f}", ranked.table
    models = table[table["checkpoint"] != robust_ranking.ORIGINAL]
    nearest = _by_rank(ranked)[0].name
    note = "Rank: the mean over the images, 1 = nearest to the original."
    return Content(
        "Robustness: the wall",
        (f"Under noise of σ = {sigma} {nearest} is nearest to the originals on average.",),
        {
            **downloads.of_data(choice.dataset.id, choice.split, len(images)),
            "σ": sigma,
            **downloads.of_noise(ranked.sweep.noise, seed),
        },
        ranked.cards,
        tuple(_wall_rows(images.ids.tolist(), ranked)),
        (),
        (downloads.table("Ranking", models, RANKED, note),),
    )


def _by_rank(ranked: Ranked) -> list[ModelSweep]:
    """What each model makes of the images, the nearest first."""
    by_name = {one.name: one for one in ranked.sweep.models}
    return [by_name[name] for name in ranked.table["checkpoint"] if name in by_name]


def _wall_rows(ids: Sequence[str], ranked: Ranked) -> Iterator[Row]:
    """Originals, noisy images, and for each model what comes out and where it is wrong."""
    sweep, scale = ranked.sweep, ranked.scale
    yield Row("Original", downloads.tiles(mosaic.colours(sweep.x), ids))
    yield Row("Noisy", downloads.tiles(mosaic.colours(sweep.noisy(0)), ids), "noisy")
    said = f"Black: none; brightest: {scale:.2f} and more, for all models."
    for one in _by_rank(ranked):
        below = [decimal(float(value), 4) for value in one.mse[0]]
        drawn = downloads.tiles(mosaic.colours(one.x_hat[0]), ids, below)
        wrong = downloads.tiles(mosaic.error_colours(sweep.x, one.x_hat[0], scale), ids)
        yield Row(one.name, drawn, "reconstructed", "Below each its MSE.")
        yield Row(f"Error of {one.name}", wrong, "error", said)


def size(cards: Sequence[Card], dataset: str, found: pd.DataFrame, summary: str) -> Content:
    """found: as core.robustness.sizes.table.  cards: among them those of the table."""
    lines = []
    drawn = styles.of_families(found["family"])
    for family, rows in found.groupby("family", sort=False):
        best = rows[rows["best"]].drop_duplicates("latent_dim")
        x, y = best["latent_dim"].to_numpy(float), best["mse"].to_numpy(float)
        style = drawn[str(family)]
        lines.append(Series(str(family), x, y, style.colour, dash=style.dash))
        every = rows["latent_dim"].to_numpy(float), rows["mse"].to_numpy(float)
        lines.append(Series("", *every, style.colour, "dots"))
    label = f"Test error against the size of the code, a line a family. {summary}"
    chart = Chart(
        "D', numbers in the code", "test MSE", tuple(lines), label, log_y=True, log_x=True
    )
    named = set(found["name"])
    return Content(
        "Robustness: size",
        (summary,),
        {"trained and tested on": dataset, "noise": "none", "seeds": "in each checkpoint"},
        tuple(card for card in cards if card.name in named),
        (),
        (
            Figure(
                "Error against size", chart, "A dot a model; the lines join the best of each size."
            ),
        ),
        (downloads.table("Models by size", found, SIZES),),
    )


def models(
    choice: Choice, cards: Sequence[Card], found: pd.DataFrame, noise: Noise, seed: int
) -> Content:
    """found: the table of the page.  noise: what was added for the noisy column."""
    best = found.sort_values("noisy_mse").iloc[0]
    return Content(
        "Robustness: models",
        (f"Of {counted(len(cards), 'model')} {best['name']} is nearest under this noise.",),
        {
            **downloads.of_data(choice.dataset.id, choice.split, int(best["n_images"])),
            "σ": f"{noise.sigma:g}",
            **downloads.of_noise(noise, seed),
        },
        tuple(cards),
        tables=(downloads.table("Models compared", found, MODELS),),
    )
