"""The reports of the sections on own data sets and on models."""

from collections.abc import Mapping, Sequence

import numpy as np

from core.checkpoints import Card, trained_on
from core.config import HourglassError
from core.data.own.draft import Draft
from core.data.own.store import OwnSet
from core.images.preparation import words
from core.reports import Content, Row, Table
from core.text import counted, listed, one_line
from pages.ui import cache
from pages.ui.figures import mosaic
from pages.ui.figures.text import decimal, size_name
from pages.ui.frame import downloads, tables
from pages.ui.own import findings

N_SHOWN, MOST_CLASSES = 8, 20  # pictures of a set; class names in a table
SETS = (
    "data set", "size", "to train", "to calibrate", "to test", "classes", "prepared", "left out",
    "from",
)  # fmt: skip
SPLITS = ("data set", "made", "test share", "seed of the split", "models trained on it")
MODELS = (
    "model", "whose", "size, MB", "epochs", "training, s", "test MSE", "test images", "tested on",
    "these numbers are",
)  # fmt: skip


def sets(found: Sequence[OwnSet], cards: Sequence[Card], draft: Draft | None) -> Content:
    """The report on own data sets.

    found: all own sets.  cards: of all models.  draft: images that were read, but are no set yet.
    """
    trained = [card for card in cards if card.dataset in {own.id for own in found}]
    names = ", ".join(own.name for own in found)
    said = [f"Data sets of your own: {names}." if found else "No data set of your own yet."]
    if draft is not None:
        said = [f"{draft.source} has been read, but is not a data set yet.", *draft.notes, *said]
    return Content(
        name="Your data sets",
        sayings=tuple(said),
        settings=_of_draft(draft) if draft else {},
        cards=tuple(trained),
        rows=(
            *(_examples(draft) if draft else ()),
            *(row for own in found for row in _pictures(own)),
        ),
        figures=(),
        tables=(*(_oddities(draft) if draft else ()), *(_made(found, cards) if found else ())),
    )


def models(chosen: Card, cards: Sequence[Card]) -> Content:
    """The report on models.  chosen: the model that the page shows.  cards: of all models."""
    own = [card for card in cards if not card.shipped]
    rows = tuple(
        (
            card.name,
            "shipped" if card.shipped else "yours",
            f"{card.path.stat().st_size / 1e6:.1f}",
            f"{card.epochs:,}",
            f"{card.seconds:,.0f}",
            decimal(card.metrics["mse"], 5),
            f"{card.metrics['n']:,}",
            one_line(card.metrics["dataset"]),
            trained_on.origin_of_numbers(card),
        )
        for card in cards
        if card.path.is_file()  # it may have been deleted since the page was drawn
    )
    return Content(
        "Models",
        (f"Models on this machine: {len(cards):,}, {len(own):,} of them your own.",),
        {"model looked at": chosen.name, "sha256 of document and weights": chosen.sha256},
        tuple(cards),
        tables=(Table("The models that are here", MODELS, rows),),
    )


def _made(found: Sequence[OwnSet], cards: Sequence[Card]) -> tuple[Table, ...]:
    """Tables: the facts of each set, and how it was split."""
    facts, splits = [], []
    for own in found:
        names = [card.name for card in cards if card.dataset == own.id]
        share = own.n_test / own.n
        facts.append(
            (
                own.name,
                size_name(own.shape),
                f"{own.n_train:,}",
                f"{own.n_calibration:,}",
                f"{own.n_test:,}",
                listed(own.class_names, MOST_CLASSES) or "none",
                words(own.how),
                f"{own.n_left_out:,}",
                own.source,
            )
        )
        splits.append(
            (own.name, _when(own.date), f"{share:.0%}", f"{own.seed}", ", ".join(names) or "none")
        )
    return (
        Table("Your data sets", SETS, tuple(facts)),
        Table("How they were made", SPLITS, tuple(splits)),
    )


def _of_draft(draft: Draft) -> Mapping[str, str]:
    return {
        "read": draft.source,
        "each image brought to": size_name(draft.form.shape),
        "prepared": words(draft.preparation),
    }


def _oddities(draft: Draft) -> tuple[Table, ...]:
    rows = tuple((label, f"{n:,}", about) for label, n, about in findings.counts(draft))
    refused = tuple((one.name, one.reason) for one in draft.rejected[: tables.MOST_ROWS])
    left = len(draft.rejected) - len(refused)
    note = f"{left:,} more are on the page." if left else ""
    kinds = Table(f"Report on {counted(len(draft), 'image')}", ("", "images", "what"), rows)
    return (kinds, Table("Unreadable", ("file", "why"), refused, note)) if refused else (kinds,)


def _examples(draft: Draft) -> tuple[Row, ...]:
    few = findings.examples(draft)
    tiles = downloads.tiles(findings.drawn(draft, few), [draft.names[i] for i in few])
    return (Row(f"{draft.source}, as the networks will see it", tiles),)


def _pictures(own: OwnSet) -> tuple[Row, ...]:
    """The first test images of a set; none of one that is damaged."""
    try:
        images = cache.dataset(own.id, "test")
    except HourglassError:
        return ()
    few = images.take(np.arange(min(N_SHOWN, len(images))))
    labels = [few.label_name(i) for i in range(len(few))]
    tiles = downloads.tiles(mosaic.colours(few.pixels()), few.ids.tolist(), labels)
    return (Row(own.name, tiles, detail=f"{len(few):,} of {counted(own.n_test, 'test image')}."),)


def _when(date: str) -> str:
    """2026-11-22T23:25:44+00:00 -> 2026-11-22 23:25 UTC."""
    return f"{date[:16].replace('T', ' ')} UTC"
