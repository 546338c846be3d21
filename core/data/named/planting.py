"""Experiments with known outliers: images with labels of which are outliers."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from types import MappingProxyType

import numpy as np
import numpy.typing as npt

from core.config import DataError, OptionError
from core.images.imagesets import ImageSet
from core.images.reading import from_array, to_array
from core.text import listed

Pixels = npt.NDArray[np.uint8]
Truth = npt.NDArray[np.bool_]
Positions = npt.NDArray[np.int64]


PASTE_TRIES = 100
PIECES = 4  # a side, into which an image is cut
CONTRAST = 80  # of a crack or a stain, of 255


@dataclass(frozen=True)
class Experiment:
    """Images, and whether each is an outlier: (n,).  what: the outliers in words."""

    images: ImageSet
    is_outlier: Truth
    what: str


@dataclass(frozen=True)
class Corruption:
    """A corruption of images.

    make: (n, C, H, W) and a generator -> corrupted images of the same shape.
    """

    name: str
    explanation: str
    make: Callable[[Pixels, np.random.Generator], Pixels]


def usual(images: ImageSet, excluded: Iterable[str] = ()) -> ImageSet:
    """The images without excluded classes and without images that the set marks as outliers."""
    images = images.without_classes(set(excluded) & set(images.class_names))
    marked = by_defects(images)
    return images if marked is None else images.take(~marked.is_outlier)


def by_classes(images: ImageSet, names: tuple[str, ...]) -> Experiment:
    """The images of some classes are the outliers, as they are to a model trained without them.

    Raises DataError for a class that the set has not.
    """
    normal = images.without_classes(names)
    is_outlier = np.ones(len(images), bool)
    is_outlier[images.positions(normal.ids)] = False
    kind = "class" if len(names) == 1 else "classes"
    return Experiment(images, is_outlier, f"{kind} {listed(names)}")


def by_defects(images: ImageSet) -> Experiment | None:
    """The images that the set itself marks as outliers; None if it marks none."""
    factors = images.factors
    if factors is None or "is_outlier" not in factors or not factors["is_outlier"].any():
        return None
    what = "images with a planted defect" if "defect" in factors else "images of outlier classes"
    return Experiment(images, factors["is_outlier"].to_numpy(bool), what)


def by_corruption(images: ImageSet, name: str, share: float, seed: int = 0) -> Experiment:
    """The images, followed by corrupted copies of some of them.

    share: copies for each image, above 0 to 1.  Equal seeds give equal copies.  Raises OptionError
    for an unknown name or an invalid share.
    """
    if name not in CORRUPTIONS:
        raise OptionError(
            f"There is no corruption {name[:60]!r}: choose one of {', '.join(CORRUPTIONS)}."
        )
    rng = np.random.default_rng(seed)
    chosen = images.take(np.sort(rng.permutation(len(images))[: _count(images, share)]))
    spoiled = CORRUPTIONS[name].make(np.ascontiguousarray(chosen.images), rng)
    ids = [f"{one}+{name}" for one in chosen.ids.tolist()]
    return _planted(images, spoiled, ids, f"planted: {name}")


def by_dataset(images: ImageSet, others: ImageSet, share: float, seed: int = 0) -> Experiment:
    """The images, followed by images of another data set, resized to their shape.

    share: added images for each image, above 0 to 1, at most as many as there are.
    Raises OptionError for another share, DataError if the others are none or are among the images.
    """
    rng = np.random.default_rng(seed)
    chosen = others.take(np.sort(rng.permutation(len(others))[: _count(images, share)]))
    if not len(chosen):
        raise DataError(f"There are no images in {others.id} ({others.split}) to plant.")
    if len(images.known_positions(chosen.ids.tolist())):
        raise DataError(f"Images of {others.id} are judged themselves: plant those of another set.")
    fitted = np.stack([_fitted(x, images.shape) for x in chosen.images])
    return _planted(images, fitted, chosen.ids.tolist(), f"planted: {others.id.rpartition('/')[2]}")


def _planted(images: ImageSet, x: Pixels, ids: list[str], what: str) -> Experiment:
    """x, (m, C, H, W), appended to the images as a class of their own."""
    n, m = len(images), len(x)
    labels = images.labels
    if labels is not None:
        labels = np.append(labels, np.full(m, len(images.class_names), np.int64))
    together = replace(
        images,
        images=np.concatenate([images.images, x]),
        labels=labels,
        class_names=(*images.class_names, what) if labels is not None else images.class_names,
        ids=np.append(images.ids, np.array(ids, dtype=np.str_)),
        factors=None,
        masks=None,
    )
    return Experiment(together, np.arange(n + m) >= n, what)


def _count(images: ImageSet, share: float) -> int:
    if not 0 < share <= 1:
        raise OptionError("The share of planted images must be above 0 and at most 1.")
    return max(1, round(share * len(images)))


def _fitted(x: Pixels, shape: tuple[int, int, int]) -> Pixels:
    """One image (C, H, W) as an image of `shape`."""
    if x.shape == shape:
        return x
    return to_array(from_array(x), shape[0], shape[1:])


def _noise(x: Pixels, rng: np.random.Generator) -> Pixels:
    return rng.integers(0, 256, x.shape, dtype=np.uint8)


def _blurred(x: Pixels, rng: np.random.Generator) -> Pixels:  # noqa: ARG001
    from scipy.ndimage import gaussian_filter  # a fifth of a second that looking does not need

    sigma = max(x.shape[2:]) / 14
    return np.asarray(gaussian_filter(x.astype(np.float32), (0, 0, sigma, sigma))).astype(np.uint8)


def _inverted(x: Pixels, rng: np.random.Generator) -> Pixels:  # noqa: ARG001
    return 255 - x


def _covered(x: Pixels, rng: np.random.Generator) -> Pixels:
    """A grey rectangle, a third as high and as wide as the image and off its edges by a sixth."""
    n, _, h, w = x.shape
    top, left = (rng.integers(size // 6, size - size // 6 - size // 3 + 1, n) for size in (h, w))
    rows, columns = np.arange(h)[None, :, None], np.arange(w)[None, None, :]
    down, across = rows - top[:, None, None], columns - left[:, None, None]
    inside = (down >= 0) & (down < h // 3) & (across >= 0) & (across < w // 3)  # (n, H, W)
    return np.where(inside[:, None], np.uint8(128), x)


def _scrambled(x: Pixels, rng: np.random.Generator) -> Pixels:  # noqa: ARG001
    """Each quarter of the image in the opposite corner."""
    return np.roll(x, (x.shape[2] // 2, x.shape[3] // 2), axis=(2, 3))


def _speckled(x: Pixels, rng: np.random.Generator) -> Pixels:
    """A fifth of the pixels black or white."""
    drawn = rng.random((len(x), 1, *x.shape[2:]), dtype=np.float32)
    return np.where(drawn < 0.1, np.uint8(0), np.where(drawn > 0.9, np.uint8(255), x))


def _shuffled(x: Pixels, rng: np.random.Generator) -> Pixels:
    """Sixteen pieces of the image, each in the place of another."""
    n, _, h, w = x.shape
    height, width = max(1, h // PIECES), max(1, w // PIECES)
    places = [
        (slice(top, top + height), slice(left, left + width))
        for top in range(0, h - height + 1, height)
        for left in range(0, w - width + 1, width)
    ]
    out = x.copy()
    for i in range(n):
        for to, source in enumerate(rng.permutation(len(places)).tolist()):
            out[(i, slice(None), *places[to])] = x[(i, slice(None), *places[source])]
    return out


def _turned(x: Pixels, rng: np.random.Generator) -> Pixels:  # noqa: ARG001
    """A quarter turn, stretched to the image's own proportion."""
    turned = np.rot90(x, 1, (2, 3))
    rows, columns = (
        np.arange(size) * turned.shape[axis] // size
        for axis, size in ((2, x.shape[2]), (3, x.shape[3]))
    )
    return np.ascontiguousarray(turned[:, :, rows][:, :, :, columns])


def _warped(x: Pixels, rng: np.random.Generator) -> Pixels:
    """Pixels moved by smooth random distances, a tenth of the side in the root mean square."""
    from scipy.ndimage import gaussian_filter, map_coordinates  # as above

    n, channels, h, w = x.shape
    side, out = max(h, w), x.copy()
    moved = rng.standard_normal((n, 2, h, w), dtype=np.float32)
    moved = gaussian_filter(moved, (0, 0, side / 8, side / 8))
    moved *= side / 10 / (moved.std(axis=(1, 2, 3), keepdims=True) + np.float32(1e-9))
    for i in range(n):
        places = np.mgrid[:h, :w] + moved[i]
        for c in range(channels):
            found = map_coordinates(x[i, c].astype(np.float32), places, order=1, mode="nearest")
            out[i, c] = np.clip(np.rint(found), 0, 255)
    return out


def _enlarged(x: Pixels, rng: np.random.Generator) -> Pixels:  # noqa: ARG001
    """The middle half of the image, twice as large."""
    h, w = x.shape[2:]
    rows, columns = (size // 4 + np.arange(size) // 2 for size in (h, w))
    return np.ascontiguousarray(x[:, :, rows][:, :, :, columns])


def _repeated(x: Pixels, rng: np.random.Generator) -> Pixels:  # noqa: ARG001
    """The image at half its size, four times."""
    h, w = x.shape[2:]
    rows, columns = (np.arange(size) * 2 % size // 2 * 2 for size in (h, w))
    lower, right = (np.minimum(at + 1, size - 1) for at, size in ((rows, h), (columns, w)))
    four = [
        x[:, :, r][:, :, :, c].astype(np.uint16) for r in (rows, lower) for c in (columns, right)
    ]
    return np.asarray(sum(four[1:], four[0]) // 4, np.uint8)


def _spliced(x: Pixels, rng: np.random.Generator) -> Pixels:
    """The left half of one image beside the right half of another."""
    out, others = x.copy(), _others(len(x), rng)
    middle = x.shape[3] // 2
    out[..., middle:] = x[others][..., middle:]
    return out


def _rephased(x: Pixels, rng: np.random.Generator) -> Pixels:
    """The frequencies of the image at random places: its texture without its outlines."""
    n, _, h, w = x.shape
    mean = x.mean(axis=(2, 3), keepdims=True)
    angles = np.angle(np.fft.rfft2(rng.standard_normal((n, 1, h, w))))
    found = np.fft.irfft2(np.abs(np.fft.rfft2(x - mean)) * np.exp(1j * angles), s=(h, w))
    return np.asarray(np.clip(np.rint(found + mean), 0, 255), np.uint8)


def _recoloured(x: Pixels, rng: np.random.Generator) -> Pixels:  # noqa: ARG001
    """The channels exchanged; of a grey image, less contrast."""
    if x.shape[1] > 1:
        return np.ascontiguousarray(np.roll(x, 1, axis=1))
    return (x * np.float32(0.6) + 50).astype(np.uint8)


def _others(n: int, rng: np.random.Generator) -> Positions:
    """For each of n images another one, each once: (n,)."""
    order = rng.permutation(n)
    found = np.empty(n, np.int64)
    found[order] = np.roll(order, 1)
    return found


def _pasted(x: Pixels, rng: np.random.Generator) -> Pixels:
    """A piece of another of the images, a quarter as high and as wide, somewhere on each."""
    n, _, h, w = x.shape
    size = (max(1, h // 4), max(1, w // 4))
    out, others = x.copy(), _others(n, rng)
    for i, other in enumerate(others):
        for _ in range(PASTE_TRIES):  # a piece that changes nothing is looked for elsewhere
            (top, left), (from_top, from_left) = (
                [
                    int(rng.integers(side - part + 1))
                    for side, part in zip((h, w), size, strict=True)
                ]
                for _ in range(2)
            )
            piece = x[other, :, from_top : from_top + size[0], from_left : from_left + size[1]]
            place = out[i, :, top : top + size[0], left : left + size[1]]
            if (place != piece).any():
                place[:] = piece
                break
    return out


def _cracked(x: Pixels, rng: np.random.Generator) -> Pixels:
    """A thin line along a random walk, as far from the picture's own brightness as CONTRAST."""
    n, _, h, w = x.shape
    side = min(h, w)
    out, steps, width = x.copy(), max(2, 3 * side // 4), max(1, side // 28)
    turns = rng.uniform(0, 2 * np.pi, (n, 1)) + rng.normal(0, 0.3, (n, steps)).cumsum(axis=1)
    rows, columns = (
        rng.uniform(0.2, 0.8, (n, 1)) * size + trace(turns).cumsum(axis=1)
        for size, trace in ((h, np.sin), (w, np.cos))
    )
    for i in range(n):
        line = np.zeros((h, w), bool)
        for down in range(width):
            for across in range(width):
                r, c = (rows[i] + down).astype(np.int64), (columns[i] + across).astype(np.int64)
                inside = (r >= 0) & (r < h) & (c >= 0) & (c < w)
                line[r[inside], c[inside]] = True
        out[i][:, line] = _shifted(out[i][:, line], np.float32(1))
    return out


def _stained(x: Pixels, rng: np.random.Generator) -> Pixels:
    """A spot of irregular shape and soft edge, darker or brighter than what it covers."""
    from scipy.ndimage import gaussian_filter  # as above

    n, _, h, w = x.shape
    side = min(h, w)
    rough = rng.standard_normal((n, h, w), dtype=np.float32)
    rough = gaussian_filter(rough, (0, side / 16, side / 16))
    rough /= rough.std(axis=(1, 2), keepdims=True) + np.float32(1e-9)
    rows, columns = np.arange(h)[None, :, None], np.arange(w)[None, None, :]
    top, left = (rng.uniform(0.2, 0.8, (n, 1, 1)) * size for size in (h, w))
    radius = rng.uniform(0.1, 0.2, (n, 1, 1)) * side
    away = np.hypot(rows - top, columns - left) / radius
    strength = np.clip(2 * (1 - away) + rough / 2, 0, 1).astype(np.float32)  # (n, H, W)
    return np.stack([_shifted(one, much) for one, much in zip(x, strength, strict=True)])


def _shifted(values: Pixels, strength: npt.NDArray[np.float32] | np.float32) -> Pixels:
    """Pixels moved away from their own mean brightness, by CONTRAST where the strength is 1."""
    towards = -CONTRAST if values.size and values.mean() > 127 else CONTRAST
    return np.clip(values + np.rint(towards * strength), 0, 255).astype(np.uint8)


CORRUPTIONS: Mapping[str, Corruption] = MappingProxyType(
    {
        corruption.name: corruption
        for corruption in (
            Corruption("noise", "random pixels only", _noise),
            Corruption("cracked", "a thin line runs across it", _cracked),
            Corruption("stained", "an irregular spot is darker or brighter", _stained),
            Corruption("blurred", "out of focus", _blurred),
            Corruption("inverted", "black and white exchanged", _inverted),
            Corruption("covered", "a grey patch covers a ninth of the image", _covered),
            Corruption("pasted", "a piece of another image covers a sixteenth of it", _pasted),
            Corruption("scrambled", "the quarters of the image are exchanged", _scrambled),
            Corruption("speckled", "a fifth of the pixels is black or white", _speckled),
            Corruption("shuffled", "sixteen pieces of the image are exchanged", _shuffled),
            Corruption("turned", "a quarter turn", _turned),
            Corruption("warped", "bent smoothly, by a tenth of its side", _warped),
            Corruption("enlarged", "its middle, twice as large", _enlarged),
            Corruption("repeated", "four times at half its size", _repeated),
            Corruption("spliced", "the right half is that of another image", _spliced),
            Corruption("rephased", "its texture without its outlines", _rephased),
            Corruption("recoloured", "colours exchanged, or less contrast", _recoloured),
        )
    }
)
