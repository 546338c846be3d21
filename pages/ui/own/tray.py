"""The pictures that a visitor has added, kept for the session."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace

import numpy as np
import numpy.typing as npt
import streamlit as st

from core.data.own.upload import Given, unique
from core.images.imagesets import ImageSet, Rejected
from core.images.preparation import Preparation, as_steps, prepare
from core.images.steps import Kind, Steps, apply_steps, is_misread, suggest

KEY = "tray"
ID, SPLIT = "your images", "own"
Shape = tuple[int, int, int]
Progress = Callable[[int, int], None]


@dataclass(frozen=True)
class Fit:
    """The target of the preparation: shape and kind of data of a model.

    preparation: how the files were prepared that it was trained on, if it was trained on files.
    """

    shape: Shape
    kind: Kind
    preparation: Preparation | None = None


@dataclass
class Tray:
    """The pictures of a visitor, and how each is prepared.

    given: pictures by name, in order.  rejected: files that could not be read.  notes: sentences on
    how files were read.  own: steps chosen for single pictures.  common: steps for all others, None
    for those suggested.  chosen: name of the picture shown in detail.  uploads, sheet, resets:
    numbers of uploads, cleared drawing pads and resets, for the keys of widgets that start over.
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
    _misread: dict[tuple[str, Fit, Steps], bool] = field(default_factory=dict)

    def add(
        self, pictures: Sequence[Given], rejected: Sequence[Rejected], notes: Sequence[str] = ()
    ) -> None:
        """Add the pictures of one upload; its first picture becomes the chosen one."""
        for i, one in enumerate(pictures):
            name = unique(one.name, set(self.given))
            self.given[name] = replace(one, name=name)
            if i == 0:
                self.chosen = name
        self.rejected += rejected
        self.notes += [note for note in notes if note not in self.notes]
        self.uploads += 1

    def put(self, one: Given) -> None:
        """Add or replace a picture by its name; it becomes the chosen one."""
        self.given[one.name] = one
        self._forget(one.name)
        self.chosen = one.name

    def remove(self, name: str) -> None:
        """Remove the picture of that name."""
        self.given.pop(name, None)
        self.own.pop(name, None)
        self._forget(name)
        if self.chosen == name:
            self.chosen = next(iter(self.given), "")

    def rename(self, name: str, new: str) -> None:
        """Rename a picture and move it to the end."""
        one, steps = self.given[name], self.own.get(name)
        self.remove(name)
        new = unique(new, set(self.given))
        self.put(replace(one, name=new))
        if steps is not None:
            self.own[new] = steps

    def steps(self, name: str, fit: Fit) -> Steps:
        """The steps for a picture: chosen for it, or for all pictures, or suggested."""
        chosen = self.own.get(name, self.common)
        return self.suggestion(name, fit) if chosen is None else chosen

    def suggestion(self, name: str, fit: Fit) -> Steps:
        """The steps suggested for a picture."""
        if (name, fit) not in self._suggested:
            picture, how = self.given[name].picture, fit.preparation
            found = as_steps(how, picture) if how else suggest(picture, fit.shape, fit.kind)
            self._suggested[name, fit] = found
        return self._suggested[name, fit]

    def is_as_trained(self, name: str, fit: Fit) -> bool:
        """Whether a picture is prepared as the files were that the model was trained on."""
        untouched = self.own.get(name, self.common) in (None, self.suggestion(name, fit))
        return fit.preparation is not None and untouched

    def seen(self, name: str, fit: Fit) -> npt.NDArray[np.uint8]:
        """The prepared picture: (C, H, W) uint8."""
        key = (name, fit, self.steps(name, fit))
        if key not in self._seen:
            if fit.preparation is not None and self.is_as_trained(name, fit):
                self._seen[key] = prepare(self.given[name].raw(), fit.preparation)
            else:
                self._seen[key] = apply_steps(self.given[name].picture, fit.shape, key[2]).x
        return self._seen[key]

    def is_misread(self, name: str, fit: Fit) -> bool:
        """Whether a picture was cleaned as writing on paper and is none."""
        if self.is_as_trained(name, fit):
            return False
        key = (name, fit, self.steps(name, fit))
        if key not in self._misread:
            self._misread[key] = is_misread(self.given[name].picture, key[2])
        return self._misread[key]

    def images(self, fit: Fit, progress: Progress | None = None) -> ImageSet:
        """All prepared pictures; files that could not be read are in `rejected` of the set."""
        x = np.empty((len(self.given), *fit.shape), np.uint8)
        for i, name in enumerate(self.given):
            x[i] = self.seen(name, fit)
            if progress is not None:
                progress(i + 1, len(x))
        ids = np.array(list(self.given), np.str_)
        return ImageSet(
            id=ID,
            split=SPLIT,
            images=x,
            labels=None,
            class_names=(),
            ids=ids,
            rejected=tuple(self.rejected),
        )

    def _forget(self, name: str) -> None:
        self._suggested = {k: v for k, v in self._suggested.items() if k[0] != name}
        self._seen = {k: v for k, v in self._seen.items() if k[0] != name}
        self._misread = {k: v for k, v in self._misread.items() if k[0] != name}


def mine() -> Tray:
    """The tray of this session; empty at first."""
    tray: Tray = st.session_state.setdefault(KEY, Tray())
    return tray


def clear() -> None:
    """Remove all pictures; the counters for widget keys go on."""
    before = mine()
    st.session_state[KEY] = Tray(
        uploads=before.uploads + 1, sheet=before.sheet + 1, resets=before.resets
    )
