"""Tasks of the map of codes: codes, errors, axes, plane, clusters, metrics.

Codes and errors are in stores (codestore.py); a task that needs codes computes missing ones.
"""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from core import arraycache, config, derived, metrics
from core.computing import stock
from core.computing.stock import SplitRef
from core.computing.tasks import Arrays
from core.images.imagesets import ImageSet, joined
from core.images.parts import done
from core.images.sheets import colours, sheet_of, smaller, squeezed
from core.latent import codestore, geometry, structure, walks
from core.latent.codestore import CodeStore
from core.latent.geometry import Array, Index
from core.principal import Axes, principal_axes

DENSE = 50_000  # points; a map with more is drawn as density
FEW, FEW_VALUES = 20_000, 12_000_000  # images, and numbers in all their codes,
# that slower computations use of such a map
LARGEST = 128 << 20  # bytes; smaller codes of a sample are stored besides those of the split


@dataclass(frozen=True)
class Sample:
    """Specifies a stratified sample of images of one or two splits.

    most: largest number of images of each split.  seed: of the sample.
    """

    parts: tuple[SplitRef, ...]
    most: int
    seed: int

    def rows(self, part: SplitRef) -> Index:
        """Rows of a split that are in the sample, ascending."""
        images = part.images()
        make = lambda: geometry.stratified(images.labels, len(images), self.most, self.seed)  # noqa: E731
        return stock.kept(("rows", part, self.most, self.seed), make)

    def images(self) -> ImageSet:
        """All images of the sample, one split after the other."""
        taken = [_taken(part.images(), self.rows(part)) for part in self.parts]
        return taken[0] if len(taken) == 1 else joined(*taken)

    def few(self, latent_dim: int) -> Index:
        """Positions of the images for slower computations: all, or a sample of many."""
        rows = [self.rows(part) for part in self.parts]
        n = sum(map(len, rows))
        labels = [
            of[some]
            for part, some in zip(self.parts, rows, strict=True)
            if (of := part.images().labels) is not None
        ]
        every = np.concatenate(labels) if len(labels) == len(rows) else None
        most = min(FEW, FEW_VALUES // latent_dim) if n > DENSE else n
        return geometry.stratified(every, n, most, self.seed)


@dataclass(frozen=True)
class Map:
    """A sample and a model.  first: the sample from which axes and plane are computed."""

    sample: Sample
    first: Sample
    sha256: str


def first_look(asked: Map) -> Arrays:
    """A task: codes and coordinates of a map.

    Returns origin, directions, shares of the plane of the first sample, as in
    core.latent.geometry.Axes; xy (n, 2), the sample's coordinates on it; kept: whether all codes
    are in stores; z (n, k), the sample's codes, unless they are a whole store or very large.
    """
    z = encode(asked.sample, asked.sha256)
    axes, sample = _axes(asked), asked.sample
    stores = [(store(part, asked.sha256), sample.rows(part)) for part in sample.parts]
    kept = all(one.is_encoded(rows).all() for one, rows in stores)
    xy = axes.coordinates(z).astype(np.float32)
    found = _as_arrays(axes) | {"xy": xy, "kept": np.asarray(kept)}
    is_store = len(stores) == 1 and len(z) == len(stores[0][0].known)
    return found if is_store or z.nbytes > LARGEST else found | {"z": z}


def judge(sample: Sample, sha256: str) -> Arrays:
    """A task: measure the errors of all images of a sample and put them into the stores."""
    encode(sample, sha256)
    total, before = sum(len(sample.rows(part)) for part in sample.parts), 0
    for part in sample.parts:
        kept, rows = store(part, sha256), sample.rows(part)
        lacking = np.unique(kept.unjudged(rows))
        if len(lacking):
            kept.judge(lacking, judging(part, kept, sha256), _telling("Rebuilding", before, total))
        before += len(rows)
    return {"n": np.asarray(total)}


def plane(asked: Map, size: int) -> Arrays:
    """A task: the lattice on the plane of the first sample (core.latent.walks.Lattice).

    Its images are returned as sheet, one WebP, with pictures of side (h, w).
    """
    z, axes, model = encode(asked.first, asked.sha256), _axes(asked), stock.model(asked.sha256)
    done("Decoding the plane", 0, 1)
    found = walks.lattice(model, z[asked.first.few(model.latent_dim)], axes, size)
    assert found.decoded is not None
    tiles = colours(found.decoded.reshape(-1, *model.input_shape))
    sheet, side = squeezed(tiles.reshape(size, size, *tiles.shape[1:])[::-1])
    names = ("xs", "ys", "nearest", "distance", "gap")
    return {
        **{name: getattr(found, name) for name in names},
        "reach": np.asarray(found.reach),
        "sheet": np.frombuffer(sheet, np.uint8),
        "side": np.array(side),
    }


def principal(sample: Sample, sha256: str, n: int) -> Arrays:
    """A task: the first n principal directions, or as many as there are, as Axes."""
    z = encode(sample, sha256)
    done("Finding the principal directions", 0, 1)
    return _as_arrays(principal_axes(z, min(n, *z.shape)))


def trust(asked: Map, file: str) -> Arrays:
    """A task: the trustworthiness of a map, measured on Sample.few(); NaN for too few points.

    file: name of the file in data/maps with its coordinates; "" for the PCA.
    """
    sample = asked.sample if file else asked.first
    some = sample.few(stock.model(asked.sha256).latent_dim)
    n = min(structure.N_NEIGHBOURS, (len(some) - 1) // 2)
    if n < 1:
        return {"trust": np.asarray(np.nan)}
    z = encode(sample, asked.sha256)[some]
    done("Comparing neighbours", 0, 1)
    if file:
        kept = arraycache.read(config.data_dir() / "maps" / f"{file}.npz", ("places",)) or {}
        drawn = kept["places"][some]
    else:
        drawn = _axes(asked).coordinates(z).astype(np.float32)
    return {"trust": np.asarray(structure.trustworthiness(z, drawn, n))}


def clusters(sample: Sample, sha256: str, n: int) -> Arrays:
    """A task: the k-means cluster of each code, of at most n clusters: (N,)."""
    z = encode(sample, sha256)
    done("Looking for clusters", 0, 1)
    return {"clusters": structure.clusters(z, min(n, len(z)))}


def structures(sample: Sample, sha256: str, most: int) -> Arrays:
    """A task: the embedding metrics of codes, pixels and PCA, measured on at most `most` images.

    Returns names, sizes (m,) and measured (m, 4), in the order of structure.MEASURES.
    """
    z, images = encode(sample, sha256), sample.images()
    assert images.labels is not None
    chosen = geometry.stratified(images.labels, len(images), most, sample.seed)
    tell = lambda n, total: done("Numbers", n, total or 1)  # noqa: E731
    x, labels = images.pixels(chosen), images.labels[chosen]
    found = structure.structures(z[chosen], x, labels, sample.seed, tell)
    measured = [[getattr(one, name) for name in structure.MEASURES] for one in found]
    return {
        "names": np.array([one.name for one in found]),
        "sizes": np.array([one.size for one in found]),
        "measured": np.array(measured, np.float64),
    }


def peek(sample: Sample, side: tuple[int, int], quality: int) -> Arrays:
    """A task: all images as a sheet, one WebP; across: number of images in a row.

    side: (h, w) of each image in the sheet.
    """
    images = sample.images()
    tiles = []
    for start in range(0, len(images), 1024):
        some = colours(images.pixels(slice(start, start + 1024)))
        tiles.append(some if side == images.shape[1:] else smaller(some, *side))
        done("Drawing the images", start, len(images))
    sheet, across = sheet_of(np.concatenate(tiles), quality)
    return {"sheet": np.frombuffer(sheet, np.uint8), "across": np.asarray(across)}


def encode(sample: Sample, sha256: str) -> Array:
    """The codes of a sample (n, k); missing ones are computed and stored, with progress."""
    stores = [store(part, sha256) for part in sample.parts]
    rows = [sample.rows(part) for part in sample.parts]
    lacking = [one.missing(of) for one, of in zip(stores, rows, strict=True)]
    total, before, found = sum(map(len, lacking)), 0, []
    for part, kept, of, some in zip(sample.parts, stores, rows, lacking, strict=True):
        tell = _telling("Encoding", before, total)
        filled = _filled(part, kept, some, sha256, tell) if len(some) else kept
        found.append(coded(filled, of))
        before += len(some)
    if total:
        codestore.keep_within(codes_dir())
    return found[0] if len(found) == 1 else np.concatenate(found)


def _filled(
    part: SplitRef, kept: CodeStore, rows: Index, sha256: str, tell: codestore.Progress
) -> CodeStore:
    """The store with the codes of some more rows; in memory if the disk is full."""
    try:
        kept.fill(rows, encoding(part, sha256), tell)
    except OSError:
        n, k = kept.z.shape
        kept = codestore.in_memory(n, k)
        kept.fill(np.arange(n), encoding(part, sha256), tell)
    return kept


def coded(kept: CodeStore, rows: Index) -> Array:
    """Codes of rows; if these are all rows, as a memory map."""
    return kept.z if len(rows) == len(kept.known) else kept.z[rows]


def store(part: SplitRef, sha256: str) -> CodeStore:
    """The store of the codes of a split, shared by all samples of it."""
    n, k = len(part.images()), stock.model(sha256).latent_dim
    name = derived.named((sha256, part.name), part.digest)
    return codestore.opened(codes_dir(), name, n, k)


def codes_dir() -> Path:
    """The folder of all stores."""
    return config.data_dir() / "codes"


def encoding(part: SplitRef, sha256: str) -> codestore.Encode:
    """A function that encodes rows of a split."""
    images, model = part.images(), stock.model(sha256)
    return lambda rows: model.encode(images.pixels(_stretch(rows)))


def judging(part: SplitRef, kept: CodeStore, sha256: str) -> codestore.Judge:
    """A function that measures the errors of rows of a split whose codes are known."""
    images, model = part.images(), stock.model(sha256)
    return lambda rows: metrics.mse(
        images.pixels(_stretch(rows)), model.decode(kept.z[_stretch(rows)])
    )


def _axes(asked: Map) -> Axes:
    make = lambda: geometry.plane(encode(asked.first, asked.sha256))  # noqa: E731
    return stock.kept(("axes", asked.first, asked.sha256), make)


def _as_arrays(axes: Axes) -> Arrays:
    return {"origin": axes.origin, "directions": axes.directions, "shares": axes.shares}


def _telling(title: str, before: int, total: int) -> Callable[[int, int], None]:
    return lambda n_done, _: done(f"{title} the images", before + n_done, total)


def _stretch(rows: Index) -> Index | slice:
    """Consecutive rows as a slice, which is not copied."""
    ends = (int(rows[0]), int(rows[-1]) + 1) if len(rows) else (0, 0)
    rising = ends[1] - ends[0] == len(rows) and bool((np.diff(rows) == 1).all())
    return slice(*ends) if rising else rows


def _taken(images: ImageSet, rows: npt.NDArray[np.int64]) -> ImageSet:
    """The images at some rows of a set; without a copy if they are all rows."""
    return images if len(rows) == len(images) else images.take(rows)
