"""What preparing did to each of a person's images: levels, what was cut off, pages left out."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt
from PIL import Image, ImageOps

from core.arraycache import Arrays
from core.images.modes import FAINT
from core.images.preparation import (
    GROUNDS,
    Pixels,
    Preparation,
    Survey,
    developed,
    kept_share,
)
from core.images.reading import Facts, Raw

Index = npt.NDArray[np.int64]
Flags = npt.NDArray[np.bool_]
MOST_CUT = 0.2  # of a picture's area that may be cut off without a word
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

    tones: bytearray = field(default_factory=bytearray)
    further: list[str] = field(default_factory=list)
    overviews: dict[str, Pixels] = field(default_factory=dict)

    def add(self, name: str, raw: Raw, x: Pixels, how: Preparation, is_shown: bool = True) -> None:
        """Take an image into account.  x: as it was prepared.  is_shown: whether it may be an
        example of what is cut off.
        """
        self.tones += bytes((int(x.min()), int(x.max())))
        self.further.append(raw.further)
        is_shown = is_shown and how.framing == "crop" and len(self.overviews) < N_OVERVIEWS
        if is_shown and is_cut(raw.size, how):
            self.overviews[name] = overview(developed(raw, how), how.size)

    def again(self, i: int, x: Pixels) -> None:
        """An image was prepared anew."""
        self.tones[2 * i : 2 * i + 2] = bytes((int(x.min()), int(x.max())))

    def looks(self, names: Sequence[str], facts: Sequence[Facts], seen: Survey) -> Looks:
        """For all images, in their final order."""
        position = {name: i for i, name in enumerate(names)}
        return Looks(
            tones=np.frombuffer(self.tones, np.uint8).reshape(-1, 2).copy(),
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
