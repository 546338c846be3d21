"""What preparing did to a person's images: cut off, dark, empty, pages left out; and what helps."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
import numpy.typing as npt
from PIL import Image, ImageOps

from core.arraycache import Arrays
from core.images.modes import FAINT, WHITE, Colour, ground_name
from core.images.preparation import (
    GROUNDS,
    Pixels,
    Preparation,
    Range,
    Survey,
    developed,
    kept_share,
    number,
    usual_range,
)
from core.images.reading import Facts, Raw
from core.text import counted

if TYPE_CHECKING:
    from core.data.own.draft import Draft, Form

Index = npt.NDArray[np.int64]
Flags = npt.NDArray[np.bool_]
Kind = Literal["cut", "dark", "flat", "mixed", "ground", "empty", "pages"]
MOST_CUT = 0.2  # of a picture's area that may be cut off without a word
DARK, LITTLE = 64, 32  # of 255: the highest level of dark images, the contrast of flat ones
SIDE, N_OVERVIEWS = 96, 12  # pixels of a picture that shows what is cut off, and how many are kept
CUT_LEVELS = 3  # what the levels of what is cut off are divided by


@dataclass(frozen=True, kw_only=True)
class Looks:
    """What is known of each of n images beside its pixels.

    tones: (n, 2) the lowest and highest level once prepared.  spans: (n, 2) of the numbers in its
    file.  is_deep: (n,) of more than 8 bits.  further: (n,) a note on further pictures in its file,
    or "".  n_transparent, blank: see core.images.preparation.Survey; blank: (3,) for GROUNDS.
    is_mixed: some are whole numbers, some are not.  cut: (m,) positions of some images that a crop
    cuts much of; overviews: (m, SIDE, SIDE, 3) these as a whole, what is cut off darker.
    """

    tones: Pixels
    spans: npt.NDArray[np.float64]
    is_deep: Flags
    further: npt.NDArray[np.str_]
    n_transparent: int
    blank: Index
    is_mixed: bool
    cut: Index
    overviews: Pixels

    @property
    def is_empty(self) -> Flags:
        """(n,): of one colour, as far as one can see."""
        return np.asarray(np.ptp(self.tones.astype(int), axis=1) <= FAINT)

    @property
    def has_pages(self) -> Flags:
        """(n,): the first of several pictures in its file."""
        return np.asarray(self.further != "")

    def as_arrays(self) -> Arrays:
        """To be handed from one process to another."""
        return {f"looks_{name}": np.asarray(value) for name, value in vars(self).items()}

    @classmethod
    def from_arrays(cls, found: Arrays) -> "Looks":
        names = cls.__dataclass_fields__
        values: dict[str, Any] = {name: found[f"looks_{name}"] for name in names}
        for name in ("n_transparent", "is_mixed"):
            values[name] = values[name].item()
        return cls(**values)


@dataclass
class Watch:
    """Notes what Looks tells, image by image."""

    tones: list[tuple[int, int]] = field(default_factory=list)
    further: list[str] = field(default_factory=list)
    overviews: dict[str, Pixels] = field(default_factory=dict)

    def add(self, name: str, raw: Raw, x: Pixels, how: Preparation) -> None:
        """Take an image into account.  x: as it was prepared."""
        self.tones.append((int(x.min()), int(x.max())))
        self.further.append(raw.further)
        if how.framing == "crop" and len(self.overviews) < N_OVERVIEWS and is_cut(raw.size, how):
            self.overviews[name] = overview(developed(raw, how), how.size)

    def again(self, i: int, x: Pixels) -> None:
        """An image was prepared anew."""
        self.tones[i] = (int(x.min()), int(x.max()))

    def looks(self, names: Sequence[str], facts: Sequence[Facts], seen: Survey) -> Looks:
        """For all images, in their final order."""
        position = {name: i for i, name in enumerate(names)}
        return Looks(
            tones=np.array(self.tones, np.uint8).reshape(-1, 2),
            spans=np.array([file.span for file in facts], np.float64).reshape(-1, 2),
            is_deep=np.array([file.is_deep for file in facts], np.bool_),
            further=np.array(self.further, np.str_),
            n_transparent=seen.n_transparent,
            blank=np.array([seen.blank[ground] for ground in GROUNDS], np.int64),
            is_mixed=seen.is_mixed,
            cut=np.array([position[name] for name in self.overviews], np.int64),
            overviews=np.array(list(self.overviews.values()), np.uint8).reshape(-1, SIDE, SIDE, 3),
        )


def is_cut(size: tuple[int, int], how: Preparation) -> bool:
    """Whether a crop takes more than MOST_CUT of a picture of that size (H, W)."""
    return bool(kept_share(np.array([size]), how.size)[0] < 1 - MOST_CUT)


def overview(image: Image.Image, size: tuple[int, int]) -> Pixels:
    """The whole picture, (SIDE, SIDE, 3); darker what a crop to the proportions of (H, W) cuts."""
    small = np.asarray(ImageOps.contain(image.convert("RGB"), (SIDE, SIDE)))
    height, width = small.shape[:2]
    kept_width = min(width, round(height * size[1] / size[0]))
    kept_height = min(height, round(width * size[0] / size[1]))
    top, left = (height - kept_height) // 2, (width - kept_width) // 2
    kept = slice(top, top + kept_height), slice(left, left + kept_width)
    shown = small // CUT_LEVELS
    shown[kept] = small[kept]
    sheet = np.zeros((SIDE, SIDE, 3), np.uint8)
    y, x = (SIDE - height) // 2, (SIDE - width) // 2
    sheet[y : y + height, x : x + width] = shown
    return sheet


@dataclass(frozen=True, kw_only=True)
class Finding:
    """Something to be warned of before anything is trained.

    at: positions of the images.  forms: what helps, each a few words and the form to read the files
    with again.  option: what helps on the command line.
    """

    kind: Kind
    sentence: str
    at: Index
    forms: tuple[tuple[str, "Form"], ...] = ()
    option: str = ""


def findings(draft: "Draft") -> tuple[Finding, ...]:
    """All that a draft is to be warned of because of how its files were prepared."""
    masks = draft.arranged().is_mask
    at = np.flatnonzero(~np.asarray(masks, np.bool_))
    tones = _dark(draft, at) or _flat(draft, at)
    found = [_cut(draft, at), tones, _mixed(draft), _ground(draft), _pages(draft, at)]
    if tones is None or tones.kind != "dark":
        found.append(_empty(draft, at))
    return tuple(one for one in found if one is not None)


def _cut(draft: "Draft", at: Index) -> Finding | None:
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


def _dark(draft: "Draft", at: Index) -> Finding | None:
    if not len(at):
        return None
    high = float(np.quantile(draft.looks.tones[at, 1], 0.95))
    if high >= DARK or (high <= FAINT and not draft.looks.is_deep.any()):
        return None
    said = f"The images are dark: most are nowhere brighter than {high:.0f} of 255."
    return _of_range("dark", said, draft, at)


def _flat(draft: "Draft", at: Index) -> Finding | None:
    if not len(at):
        return None
    contrast = float(np.median(np.ptp(draft.looks.tones[at].astype(int), axis=1)))
    if not FAINT < contrast < LITTLE:
        return None
    said = f"The images have little contrast: half of them span at most {contrast:.0f} of 255."
    return _of_range("flat", said, draft, at)


def _of_range(kind: Kind, said: str, draft: "Draft", at: Index) -> Finding:
    low, high = _fitting_range(draft, at)
    form = replace(draft.form, values=(low, high))
    words = f"{number(low)} to {number(high)}"
    option = f"--range {low:g}:{high:g}"
    forms = ((f"Use the values {words}", form),)
    return Finding(kind=kind, sentence=said, at=at, forms=forms, option=option)


def _fitting_range(draft: "Draft", at: Index) -> Range:
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


def _mixed(draft: "Draft") -> Finding | None:
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


def _ground(draft: "Draft") -> Finding | None:
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


def _empty(draft: "Draft", at: Index) -> Finding | None:
    empty = at[draft.looks.is_empty[at]]
    if not len(empty):
        return None
    said = f"{counted(len(empty), 'image')} of one colour, with nothing to be seen in them."
    return Finding(kind="empty", sentence=said, at=empty, option="--leave-out empty")


def _pages(draft: "Draft", at: Index) -> Finding | None:
    several = at[draft.looks.has_pages[at]]
    if not len(several):
        return None
    first = several[0]
    example = f"{draft.names[first]}: {draft.looks.further[first]}"
    files = "1 file holds" if len(several) == 1 else f"{len(several):,} files hold"
    said = f"{files} several pictures, of which only the first is taken ({example})."
    return Finding(kind="pages", sentence=said, at=several, option="--leave-out pages")
