"""The pictures that a visitor has handed over, for as long as the visit lasts."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace

import numpy as np
import numpy.typing as npt
import streamlit as st

from core.data.own.upload import Given, unique
from core.images.imagesets import ImageSet, Rejected
from core.images.steps import Kind, Steps, apply_steps, suggest

KEY = "tray"
ID, SPLIT = "your images", "own"
Shape = tuple[int, int, int]
Progress = Callable[[int, int], None]


@dataclass(frozen=True)
class Fit:
    """What pictures are prepared for: the shape and the kind of data of a model."""

    shape: Shape
    kind: Kind


@dataclass
class Tray:
    """given: the pictures by name, in order.  rejected: files that were none.  notes: sentences on
    how files were read.

    own: the steps a visitor chose for one picture.  common: those for all others, None for the
    suggestion for each.  chosen: the picture that is looked at.  uploads, sheet, resets: how often
    something was handed over, a clean sheet was taken, steps were set; what must begin anew then
    has them in its key.
    """

    given: dict[str, Given] = field(default_factory=dict)
    rejected: list[Rejected] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    own: dict[str, Steps] = field(default_factory=dict)
    common: Steps | None = None
    chosen: str = ""
    uploads: int = 0
    sheet: int = 0
    resets: int = 0
    _suggested: dict[tuple[str, Fit], Steps] = field(default_factory=dict)
    _seen: dict[tuple[str, Fit, Steps], npt.NDArray[np.uint8]] = field(default_factory=dict)

    def add(
        self, pictures: Sequence[Given], rejected: Sequence[Rejected], notes: Sequence[str] = ()
    ) -> None:
        """Take in what was handed over together; the first of it is looked at."""
        for i, one in enumerate(pictures):
            name = unique(one.name, set(self.given))
            self.given[name] = replace(one, name=name)
            if i == 0:
                self.chosen = name
        self.rejected += rejected
        self.notes += [note for note in notes if note not in self.notes]
        self.uploads += 1

    def put(self, one: Given) -> None:
        """Take in a picture, in place of the one of that name if there is one; it is looked at."""
        self.given[one.name] = one
        self._forget(one.name)
        self.chosen = one.name

    def remove(self, name: str) -> None:
        """Without the picture of that name."""
        self.given.pop(name, None)
        self.own.pop(name, None)
        self._forget(name)
        if self.chosen == name:
            self.chosen = next(iter(self.given), "")

    def rename(self, name: str, new: str) -> None:
        """Another name for a picture, which then stands last."""
        one, steps = self.given[name], self.own.get(name)
        self.remove(name)
        new = unique(new, set(self.given))
        self.put(replace(one, name=new))
        if steps is not None:
            self.own[new] = steps

    def steps(self, name: str, fit: Fit) -> Steps:
        """What is done to a picture: as chosen for it, or for all, or as suggested."""
        chosen = self.own.get(name, self.common)
        return self.suggestion(name, fit) if chosen is None else chosen

    def suggestion(self, name: str, fit: Fit) -> Steps:
        """What would be done to a picture of itself."""
        if (name, fit) not in self._suggested:
            picture = self.given[name].picture
            self._suggested[name, fit] = suggest(picture, fit.shape, fit.kind)
        return self._suggested[name, fit]

    def seen(self, name: str, fit: Fit) -> npt.NDArray[np.uint8]:
        """The picture as the network sees it: (C, H, W)."""
        key = (name, fit, self.steps(name, fit))
        if key not in self._seen:
            self._seen[key] = apply_steps(self.given[name].picture, fit.shape, key[2]).x
        return self._seen[key]

    def images(self, fit: Fit, progress: Progress | None = None) -> ImageSet:
        """All pictures as the network sees them; what could not be read is in its rejected."""
        x = np.empty((len(self.given), *fit.shape), np.uint8)
        for i, name in enumerate(self.given):
            x[i] = self.seen(name, fit)
            if progress is not None:
                progress(i + 1, len(x))
        ids = np.array(list(self.given), np.str_)
        return ImageSet(ID, SPLIT, x, None, (), ids, rejected=tuple(self.rejected))

    def _forget(self, name: str) -> None:
        self._suggested = {k: v for k, v in self._suggested.items() if k[0] != name}
        self._seen = {k: v for k, v in self._seen.items() if k[0] != name}


def mine() -> Tray:
    """The visitor's own; empty at first."""
    tray: Tray = st.session_state.setdefault(KEY, Tray())
    return tray


def clear() -> None:
    """Forget all pictures, but not which widgets have been used."""
    before = mine()
    st.session_state[KEY] = Tray(
        uploads=before.uploads + 1, sheet=before.sheet + 1, resets=before.resets
    )
