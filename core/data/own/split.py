"""Which images of a set are for training, which calibrate, and which are tested on.

A model never meets the test images, and the calibration images neither: they tell what scores
usual images get, and are judged themselves by nobody. All of it is decided by names, classes and a
seed, so that the same images give the same parts.
"""

import math
import re
import time
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

import numpy as np
import numpy.typing as npt

from core.config import OptionError
from core.images.imagesets import hash_fraction
from core.text import counted

Index = npt.NDArray[np.int64]
Flags = npt.NDArray[np.bool_]
PARTS = ("train", "calibration", "test")
CALIBRATION_SHARE = 0.1  # of a set; more of a small one:
USUAL_CALIBRATION, MOST_OF_A_SMALL_SET = 100, 0.2  # 100 images promise a rate of 1 %,
MOST_FOR_A_PROMISE = 0.25  # of a set, if that is enough for them
LARGEST_CALIBRATION = 2_000
LEAST_TO_CALIBRATE = 20  # images of a set that can spare some
KEPT_WITHIN = 0.05  # of the share that was chosen; beyond, it is said why
MAX_PATTERN, MAX_OPEN_REPEATS = 200, 3  # characters; "*" and "+" of a pattern
NO_TEST = "The source has no test part: its validation images are tested on, others calibrate."
SECONDS_FOR_NAMES = 10.0


@dataclass(frozen=True, kw_only=True)
class Members:
    """The images to be parted, a row each.

    names: (n,) unique.  classes: (n,) indices, or None.  groups: (n,) images of the same number
    fall into the same part.  stated: (n,) the part that the source itself puts an image in, "" if
    it says nothing.  outliers: (n,) known outliers, which are tested on and nothing else.
    """

    names: Sequence[str]
    classes: Index | None = None
    groups: Index | None = None
    stated: Sequence[str] | None = None
    outliers: Flags | None = None

    def __len__(self) -> int:
        return len(self.names)


@dataclass(frozen=True, kw_only=True)
class Parts:
    """Positions of the images of each part, each in an order that depends on names and seed alone.

    notes: sentences about what could not be done as it was asked.
    """

    train: Index
    calibration: Index
    test: Index
    notes: tuple[str, ...] = ()

    @property
    def order(self) -> Index:
        """All of them, those for training first, those to test on last."""
        return np.concatenate([self.train, self.calibration, self.test])


def part(members: Members, test_share: float, seed: int) -> Parts:
    """The parts of a set of two images or more; neither train nor test is left without any.

    test_share: of the images that are no known outliers, 0 to 1.  Each class gives its share of the
    test and of the calibration part, groups stay together, and what the source states is kept.
    """
    n = len(members)
    fractions = np.array([hash_fraction(name, seed) for name in members.names])
    of = np.full(n, "", object)
    if members.stated is not None:
        of[:] = members.stated
    groups = np.arange(n) if members.groups is None else members.groups
    notes = []
    if (of == "calibration").any() and not (of == "test").any():
        of[of == "calibration"] = "test"
        notes.append(NO_TEST)
    if members.outliers is not None:
        of[members.outliers] = "test"
    notes += _with_their_group(of, groups)
    free = np.flatnonzero(of == "")
    is_parted = members.stated is not None and (np.asarray(members.stated, object) == "test").any()
    blocks = _blocks(members, groups, fractions, free)
    n_usual = n if members.outliers is None else int((~members.outliers).sum())
    if not is_parted and len(blocks) > 1:
        wanted = min(max(1.0, test_share * len(free)), len(free) - 1.0)
        _give(of, blocks, "test", wanted)
    if not (of == "calibration").any():
        left = [block for block in blocks if of[block[0]] == ""] or _of_train(of, groups, fractions)
        _give(of, left, "calibration", n_to_calibrate(n_usual))
    of[of == ""] = "train"
    notes += _filled(of, fractions)
    if n_usual >= LEAST_TO_CALIBRATE and not (of == "calibration").any():
        notes.append("No images were left to calibrate with: too many of them belong together.")
    if not is_parted:
        notes += _about_share(of, members, test_share)
    found = {name: np.flatnonzero(of == name) for name in PARTS}
    train, calibration, test = (
        at[np.argsort(fractions[at], kind="stable")] for at in found.values()
    )
    return Parts(train=train, calibration=calibration, test=test, notes=tuple(notes))


def n_to_calibrate(n: int) -> int:
    """How many of n usual images calibrate: a tenth, but at least 100 of 400 or more, and a fifth
    of fewer; none of fewer than LEAST_TO_CALIBRATE.
    """
    if n < LEAST_TO_CALIBRATE:
        return 0
    can_promise = MOST_FOR_A_PROMISE * n >= USUAL_CALIBRATION
    least = USUAL_CALIBRATION if can_promise else round(MOST_OF_A_SMALL_SET * n)
    return min(max(round(CALIBRATION_SHARE * n), least), LARGEST_CALIBRATION)


def grouped(leaders: Index, keys: Sequence[str] | None = None) -> Index:
    """The group of each image: (n,) the number of the first of its images.

    leaders: (n,) for each image one that it belongs to.  keys: what else puts images together.
    """
    first = np.asarray(leaders).copy()
    keyed: dict[str, int] = {}
    parent = np.arange(len(first))

    def root(i: int) -> int:
        while parent[i] != i:
            parent[i] = parent[parent[i]]
            i = int(parent[i])
        return i

    def join(i: int, j: int) -> None:
        a, b = sorted((root(i), root(j)))
        parent[b] = a

    for i, leader in enumerate(first.tolist()):
        join(i, leader)
        if keys is not None:
            join(i, keyed.setdefault(keys[i], i))
    return np.array([root(i) for i in range(len(first))], np.int64)


def keys_by(pattern: str, names: Sequence[str]) -> list[str]:
    """What the pattern finds in each name: its groups, or all of the match if it has none.

    A name in which it finds nothing is a key of its own.
    Raises OptionError if it is no regular expression, finds nothing anywhere, or takes too long.
    """
    search = _compiled(pattern)
    until, keys, n_found = time.monotonic() + SECONDS_FOR_NAMES, list[str](), 0
    for name in names:
        found = search.search(name)
        n_found += found is not None
        groups = (found.groups() or (found[0],)) if found else ()
        keys.append("\0".join(("group", *(group or "" for group in groups))) if found else name)
        if time.monotonic() > until:
            raise OptionError("This regular expression takes too long: write a simpler one.")
    if not n_found:
        raise OptionError(
            f"The regular expression {pattern[:60]!r} fits no name, such as "
            f"{names[0][:60]!r}: every image would be a group of its own."
        )
    return keys


def _compiled(pattern: str) -> re.Pattern[str]:
    """The pattern; OptionError if it is none, or of a kind that may take for ever."""
    if len(pattern) > MAX_PATTERN:
        raise OptionError(f"A regular expression may have {MAX_PATTERN} characters.")
    try:
        compiled = re.compile(pattern)
        tree = re._parser.parse(pattern)  # type: ignore[attr-defined]
    except (re.error, RecursionError, OverflowError) as error:
        raise OptionError(
            f"{pattern[:60]!r} is no regular expression ({str(error)[:80]}): "
            r"^(\d+)_ would group names by the number they begin with."
        ) from error
    if not _is_quick(tree):
        raise OptionError(
            "This regular expression could take for ever: use at most three of * and +, none of "
            "them around another."
        )
    return compiled


def _is_quick(tree: Any) -> bool:
    """Whether few repetitions without bound are in it, and none inside another repetition."""
    n = [0]

    def visit(node: Any, inside: bool) -> bool:
        for op, value in node:
            name = str(op)
            if name in ("MAX_REPEAT", "MIN_REPEAT", "POSSESSIVE_REPEAT"):
                _, high, body = value
                many = high > 16
                n[0] += many
                if (many and inside) or not visit(body, inside or high > 1):
                    return False
            elif name.startswith("GROUPREF") or not all(
                visit(body, inside) for body in _bodies(value)
            ):
                return False
        return n[0] <= MAX_OPEN_REPEATS

    return visit(tree, False)


def _bodies(value: Any) -> Iterable[Any]:
    """The patterns inside a node of a parsed pattern."""
    if hasattr(value, "data"):
        yield value
    elif isinstance(value, list | tuple):
        for one in value:
            yield from _bodies(one)


def _with_their_group(of: npt.NDArray[Any], groups: Index) -> Iterable[str]:
    """Put what belongs to an image whose part is known in the same part; notes where it cannot be.

    Whoever belongs to a test image is tested on, since what a model is tested on it must not know.
    """
    known = np.flatnonzero(of != "")
    rank: Mapping[str, int] = MappingProxyType({"train": 0, "calibration": 1, "test": 2})
    decided: dict[int, str] = {}
    n_across = 0
    for i in known.tolist():
        before = decided.setdefault(int(groups[i]), of[i])
        n_across += before != of[i]
        if rank[of[i]] > rank[before]:
            decided[int(groups[i])] = of[i]
    for i in np.flatnonzero(of == "").tolist():
        of[i] = decided.get(int(groups[i]), "")
    if n_across:
        yield (
            f"{counted(n_across, 'image')} in other parts than images that are almost equal or of "
            "the same group, since the source puts them there: leave out near-copies across parts."
        )


def _blocks(
    members: Members, groups: Index, fractions: npt.NDArray[Any], free: Index
) -> list[Index]:
    """The groups among the free images in the order in which they are dealt: class after class, the
    largest groups first, else by fraction.
    """
    found: dict[int, list[int]] = {}
    for i in free[np.argsort(fractions[free], kind="stable")].tolist():
        found.setdefault(int(groups[i]), []).append(i)
    blocks = [np.array(block, np.int64) for block in found.values()]
    classes = np.zeros(len(members), np.int64) if members.classes is None else members.classes
    of_block = [int(np.bincount(classes[block]).argmax()) for block in blocks]
    first: dict[int, tuple[int, float]] = {}  # of each class: size of its largest block, a fraction
    for block, c in zip(blocks, of_block, strict=True):
        size, fraction = first.get(c, (0, 1.0))
        first[c] = min(size, -len(block)), min(fraction, fractions[block[0]])
    order = sorted(
        range(len(blocks)),
        key=lambda b: (first[of_block[b]], of_block[b], -len(blocks[b]), fractions[blocks[b][0]]),
    )
    return [blocks[b] for b in order]


def _of_train(of: npt.NDArray[Any], groups: Index, fractions: npt.NDArray[Any]) -> list[Index]:
    """The groups of a train part that the source states; they are free to calibrate, then."""
    at = np.flatnonzero(of == "train")
    of[at] = ""
    members = Members(names=[""] * len(of))
    return _blocks(members, groups, fractions, at)


def _give(of: npt.NDArray[Any], blocks: Sequence[Index], name: str, wanted: float) -> None:
    """Deal blocks to a part, evenly along their order, so that about `wanted` images get there.

    The share is owed from block to block (error diffusion), so that each class gives its share
    within one image and all of them together give the whole.
    """
    n = sum(map(len, blocks))
    owed = 0.0
    for block in blocks:
        owed += wanted / n * len(block)
        if owed >= len(block) / 2:
            of[block] = name
            owed -= len(block)


def _filled(of: npt.NDArray[Any], fractions: npt.NDArray[Any]) -> Iterable[str]:
    """See to it that neither train nor test is empty; groups are broken up if there is but one."""
    for name, other in (("test", "train"), ("train", "test")):
        if (of == name).any():
            continue
        spare = np.flatnonzero(of == other)
        if len(spare) < 2:
            spare = np.flatnonzero(of != name)
        n = max(1, math.floor(len(spare) / 5)) if name == "test" and len(spare) > 2 else 1
        of[spare[np.argsort(fractions[spare], kind="stable")][-n:]] = name
        yield (
            f"All images belong together, or are known outliers, so that none was left to "
            f"{name} {'on' if name == 'test' else 'with'}: {counted(n, 'image')} taken at random."
        )


def _about_share(of: npt.NDArray[Any], members: Members, share: float) -> Iterable[str]:
    """Why the test part has not the share that was chosen, if it has not."""
    n, n_test = len(of), int((of == "test").sum())
    if abs(n_test / n - share) <= KEPT_WITHIN or n < 1 / KEPT_WITHIN:
        return
    n_outliers = 0 if members.outliers is None else int(members.outliers.sum())
    why = (
        f"the {counted(n_outliers, 'known outlier')} are all tested on"
        if n_outliers and n_test / n > share
        else "images that belong together stay together"
    )
    yield f"{n_test / n:.0%} of the images are to test on and not {share:.0%}: {why}."
