"""What copying tells in a report: what each model makes of strangers, and how much comes back."""

from collections.abc import Iterator, Mapping, Sequence
from itertools import chain

from core.checkpoints import Card
from core.reports import Content, Row, Tile
from core.robustness.copying import STRANGERS
from pages.ui.figures import mosaic
from pages.ui.figures.mosaic import Pixels
from pages.ui.frame import downloads
from pages.ui.frame.downloads import Column
from pages.ui.frame.sidebar import Choice
from pages.ui.robust import copies
from pages.ui.robust.copies import Copying

N_STRANGERS = 4  # pictures of each kind


def copying_content(
    choice: Choice, cards: Sequence[Card], found: Mapping[str, Copying], verdict: str
) -> Content:
    """found: of each card, by name."""
    titles = [Column(one.name, one.title, ".0f") for one in STRANGERS]
    columns = (Column("checkpoint", "checkpoint"), *titles, Column("noise", "noise, %", ".1f"))
    share = copies.copying_numbers(found, cards, as_share=True)
    mse = copies.copying_numbers(found, cards, as_share=False)
    of_mse = (columns[0], *(one._replace(format=".4f") for one in titles))
    return Content(
        "Robustness: copying",
        (verdict, copies.WHY.replace("**", "")),
        {
            **downloads.of_data(choice.dataset.id, choice.split, copies.N),
            "seed of the images": str(copies.SEED),
        },
        tuple(cards),
        tuple(_rows(cards, found)),
        (),
        (
            downloads.table("What comes back, %", share, columns),
            downloads.table("MSE", mse, of_mse),
        ),
    )


def _rows(cards: Sequence[Card], found: Mapping[str, Copying]) -> Iterator[Row]:
    """What goes in, then what comes out of each model."""
    first = next(iter(found.values()))
    given = [_tiles(mosaic.colours(copy.x), copy.stranger.title) for copy in first.copies]
    yield Row("What goes in", tuple(chain.from_iterable(given)), detail=_listed())
    for card in cards:
        copied = found[card.name].copies
        out = [_tiles(mosaic.colours(copy.x_hat), copy.stranger.title) for copy in copied]
        yield Row(card.name, tuple(chain.from_iterable(out)), "reconstructed")


def _tiles(pictures: Pixels, kind: str) -> tuple[Tile, ...]:
    shown = pictures[:N_STRANGERS]
    return downloads.tiles(shown, [f"{kind}, {i + 1}" for i in range(len(shown))])


def _listed() -> str:
    return f"{N_STRANGERS} each: {', '.join(one.title for one in STRANGERS)}."
