"""What to warn of before anything is trained: cut off, dark, empty, pages left out; what helps."""

from dataclasses import dataclass, replace
from typing import Literal

import numpy as np
import numpy.typing as npt

from core.data.own.draft import Draft, Form
from core.data.own.prepared import MOST_CUT
from core.images.modes import FAINT, WHITE, Colour, ground_name
from core.images.preparation import GROUNDS, Range, kept_share, number, usual_range
from core.text import counted

Index = npt.NDArray[np.int64]
Kind = Literal["cut", "dark", "flat", "mixed", "ground", "empty", "pages"]
DARK, LITTLE = 64, 32  # of 255: the highest level of dark images, the contrast of flat ones


@dataclass(frozen=True, kw_only=True)
class Finding:
    """Something to be warned of before anything is trained.

    at: positions of the images.  forms: what helps, each a few words and the form to read the files
    with again.  option: what helps on the command line.
    """

    kind: Kind
    sentence: str
    at: Index
    forms: tuple[tuple[str, Form], ...] = ()
    option: str = ""


def findings(draft: Draft) -> tuple[Finding, ...]:
    """All that a draft is to be warned of because of how its files were prepared."""
    masks = draft.arranged().is_mask
    at = np.flatnonzero(~np.asarray(masks, np.bool_))
    tones = _dark(draft, at) or _flat(draft, at)
    found = [_cut(draft, at), tones, _mixed(draft), _ground(draft), _pages(draft, at)]
    if tones is None or tones.kind != "dark":
        found.append(_empty(draft, at))
    return tuple(one for one in found if one is not None)


def _cut(draft: Draft, at: Index) -> Finding | None:
    if draft.form.manner != "crop" or not len(at):
        return None
    lost = 1 - kept_share(draft.sides[at], draft.form.size)
    much = lost > MOST_CUT
    if not much.any():
        return None
    return Finding(
        kind="cut",
        sentence=f"{much.sum():,} of {counted(len(at), 'image')} lose more than a fifth of their "
        f"area, up to {lost.max():.0%}, since the middle is cut out.",
        at=at[much],
        forms=(
            ("Pad the edges instead", replace(draft.form, manner="pad")),
            ("Stretch instead", replace(draft.form, manner="stretch")),
        ),
        option="--manner pad or stretch",
    )


def _dark(draft: Draft, at: Index) -> Finding | None:
    if not len(at):
        return None
    high = float(np.quantile(draft.looks.tones[at, 1], 0.95))
    if high >= DARK or (high <= FAINT and not draft.looks.is_deep.any()):
        return None
    said = f"The images are dark: most are nowhere brighter than {high:.0f} of 255."
    return _of_range("dark", said, draft, at)


def _flat(draft: Draft, at: Index) -> Finding | None:
    if not len(at):
        return None
    contrast = float(np.median(np.ptp(draft.looks.tones[at].astype(int), axis=1)))
    if not FAINT < contrast < LITTLE:
        return None
    said = f"The images have little contrast: half of them span at most {contrast:.0f} of 255."
    return _of_range("flat", said, draft, at)


def _of_range(kind: Kind, said: str, draft: Draft, at: Index) -> Finding:
    low, high = _fitting_range(draft, at)
    form = replace(draft.form, values=(low, high))
    words = f"{number(low)} to {number(high)}"
    option = f"--range {low:g}:{high:g}"
    forms = ((f"Use the values {words}", form),)
    return Finding(kind=kind, sentence=said, at=at, forms=forms, option=option)


def _fitting_range(draft: Draft, at: Index) -> Range:
    """A range that most images fill, in the units of their files."""
    deep = at[draft.looks.is_deep[at]]
    if not len(deep):
        low, high = draft.looks.tones[at, 0].min(), draft.looks.tones[at, 1].max()
        return float(low), float(max(high, low + 1))
    spans = draft.looks.spans[deep]
    low, high = float(spans[:, 0].min()), float(np.quantile(spans[:, 1], 0.95))
    whole = not draft.looks.is_mixed and bool((spans == np.rint(spans)).all())
    usual = usual_range((min(low, high), high), not whole)
    is_tried = draft.preparation.range == usual
    return (low, high) if is_tried and low < high else usual


def _mixed(draft: Draft) -> Finding | None:
    if not draft.looks.is_mixed or draft.preparation.range_mode != "file":
        return None
    at = np.flatnonzero(draft.looks.is_deep)
    spans = draft.looks.spans[at]
    low, high = float(spans[:, 0].min()), float(spans[:, 1].max())
    form = replace(draft.form, values=(low, high))
    forms = ((f"One range, {number(low)} to {number(high)}", form),)
    said = (
        "Files of whole numbers and files of fractions have no unit in common, so that each file "
        "has a range of values of its own."
    )
    return Finding(kind="mixed", sentence=said, at=at, forms=forms, option="--range LOW:HIGH")


def _ground(draft: Draft) -> Finding | None:
    """Where nothing is left of transparent pictures, or would be on white."""
    blank = dict(zip(GROUNDS, draft.looks.blank.tolist(), strict=True))
    ground, n = draft.preparation.ground, draft.looks.n_transparent
    name = ground_name(ground)
    whole = f"{counted(n, 'image')} with transparent parts"
    if blank.get(ground, 0):
        said = f"On {name} nothing is left of {blank[ground]:,} of {whole}."
    elif draft.form.ground is None and ground != WHITE and blank[WHITE]:
        said = (
            f"On white nothing would be left of {blank[WHITE]:,} of {whole}, so that they are laid "
            f"on {name}."
        )
    else:
        return None
    others = [one for one in GROUNDS if one != ground]
    forms = tuple((_on(one), replace(draft.form, ground=one)) for one in others)
    at = np.zeros(0, np.int64)
    return Finding(kind="ground", sentence=said, at=at, forms=forms, option="--ground")


def _on(ground: Colour) -> str:
    name = {(128, 128, 128): "grey"}.get(ground) or ground_name(ground)
    return f"Lay them on {name}"


def _empty(draft: Draft, at: Index) -> Finding | None:
    empty = at[draft.looks.is_empty[at]]
    if not len(empty):
        return None
    said = f"{counted(len(empty), 'image')} of one colour, with nothing to be seen in them."
    return Finding(kind="empty", sentence=said, at=empty, option="--leave-out empty")


def _pages(draft: Draft, at: Index) -> Finding | None:
    several = at[draft.looks.has_pages[at]]
    if not len(several):
        return None
    first = several[0]
    example = f"{draft.names[first]}: {draft.looks.further[first]}"
    files = "1 file holds" if len(several) == 1 else f"{len(several):,} files hold"
    said = f"{files} several pictures, of which only the first is taken ({example})."
    return Finding(kind="pages", sentence=said, at=several, option="--leave-out pages")
