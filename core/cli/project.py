"""`project`, `structure`, `encode`: maps of codes, embedding metrics, the codes themselves."""

from dataclasses import asdict
from pathlib import Path

import click

from core.cli import options, output
from core.text import counted

METHODS = ("pca", "pacmap", "tsne")


@click.command(cls=options.Command, short_help="Write a map of the codes of images.")
@options.checkpoint
@options.source
@options.out("FILE.csv or FILE.parquet")
@click.option(
    "--method",
    type=click.Choice(METHODS),
    default="pca",
    show_default=True,
    help="pca is immediate, pacmap takes seconds, tsne minutes. Codes of D' <= 2 stay unchanged.",
)
@click.option(
    "--most",
    type=click.IntRange(min=1),
    help="Use a stratified sample of this many images.  [default: all]",
)
@options.split
@options.seed
@options.data_root
@options.as_json
def project(
    checkpoint: str,
    source: str,
    out: Path,
    method: str,
    most: int | None,
    split: str | None,
    seed: int,
    data_root: Path | None,
    as_json: bool,
) -> None:
    """Write the coordinates of each image of SOURCE on a map of its codes in CHECKPOINT.

    SOURCE is the ID of a data set, a folder or an archive. The columns: id, label, x, y.
    Trustworthiness: how far neighbours on the map are neighbours in code space; 1 = all of them.
    """
    import pandas as pd

    from core.checkpoints import trained_on
    from core.export import tables
    from core.inference import Autoencoder
    from core.latent import geometry, projections, structure

    tables.check_path(out)
    autoencoder = Autoencoder.load(checkpoint)
    prepared = trained_on.preparation(autoencoder.card)
    images = options.load_images(source, split, data_root, prepared)
    images = images.take(geometry.stratified(images.labels, len(images), most or len(images), seed))
    z = autoencoder.encode(images.pixels())
    with output.progress(method) as tell:
        places = projections.project(z, method, seed, tell)
    names = [images.label_name(i) for i in range(len(images))]
    columns = {"id": images.ids.tolist(), "label": names, "x": places[:, 0], "y": places[:, 1]}
    tables.save(pd.DataFrame(columns), out)
    n = min(structure.N_NEIGHBOURS, (len(z) - 1) // 2)
    trust = structure.trustworthiness(z, places, n) if n else None
    told = options.about(autoencoder.card, images.id, images.split, seed)
    result = {**told, "out": out, "n": len(images), "method": method, "trustworthiness": trust}
    said = "" if trust is None else f", trustworthiness {trust:.3f}"
    output.show(result, [f"{out}: {len(images):,} places by {method}{said}"], as_json)


@click.command(cls=options.Command, short_help="Measure how well codes separate classes.")
@options.checkpoint
@options.dataset
@click.option(
    "--most",
    type=click.IntRange(min=3),
    default=10_000,
    show_default=True,
    help="Use a stratified sample of at most this many images.",
)
@options.split
@options.seed
@options.data_root
@options.as_json
def structure(
    checkpoint: str,
    dataset: str | None,
    most: int,
    split: str | None,
    seed: int,
    data_root: Path | None,
    as_json: bool,
) -> None:
    """Measure how well the codes of CHECKPOINT separate classes: embedding metrics.

    They are compared with the pixels and with a PCA of the same size. Silhouette: is the own class
    nearer than the next (-1 to 1). Homogeneity (0 to 1) and adjusted Rand (0 = chance, 1 = equal):
    k-means clusters against classes. k-NN: the share of images whose ten nearest others vote for
    their class.
    """
    from core.checkpoints import trained_on
    from core.config import DataError
    from core.inference import Autoencoder
    from core.latent import geometry
    from core.latent import structure as measures

    autoencoder = Autoencoder.load(checkpoint)
    source = dataset or trained_on.required(autoencoder.card)
    prepared = trained_on.preparation(autoencoder.card)
    images = options.load_images(source, split, data_root, prepared)
    images = images.take(geometry.stratified(images.labels, len(images), most, seed))
    if images.labels is None or len(set(images.labels.tolist())) < 2:
        raise DataError(f"{images.id} has no classes to compare: choose data with two or more.")
    x = images.pixels()
    with output.progress("structure") as tell:
        found = measures.structures(autoencoder.encode(x), x, images.labels, seed, tell)
    result = {"checkpoint": checkpoint, **options.about(autoencoder.card, images.id, images.split)}
    rows = [tuple(asdict(one).values()) for one in found]
    header = ("SPACE", "NUMBERS", "SILHOUETTE", "HOMOGENEITY", "ADJUSTED RAND", "K-NN")
    output.show(
        result | {"n": len(images), "spaces": [asdict(one) for one in found]},
        [
            f"{images.id} ({images.split}), {counted(len(images), 'image')}",
            *output.table(header, rows),
        ],
        as_json,
    )


# `encode`: the code that a model gives each image of a set, folder or archive.


@click.command(cls=options.Command, short_help="Write the code of each image.")
@options.checkpoint
@options.source
@options.out("FILE.parquet")
@options.split
@options.name_encoding
@options.data_root
@options.as_json
def encode(
    checkpoint: str,
    source: str,
    out: Path,
    split: str | None,
    name_encoding: str,
    data_root: Path | None,
    as_json: bool,
) -> None:
    """Write a Parquet table with the code of each image of SOURCE in CHECKPOINT.

    SOURCE is the ID of a data set, a folder or an archive of images. The columns: id, label, z0,
    z1, ... for the D' numbers of the code, and the error of the reconstruction.
    """
    from core.checkpoints import trained_on
    from core.export import tables
    from core.inference import Autoencoder
    from core.streaming import scoring

    tables.check_path(out, (".parquet",))
    autoencoder = Autoencoder.load(checkpoint)
    prepared = trained_on.preparation(autoencoder.card)
    images = options.load_images(source, split, data_root, prepared, name_encoding)
    with output.progress("encode") as tell:
        table = scoring.encode(autoencoder, images, tell)
    tables.save(table, out)
    told = options.about(autoencoder.card, images.id, images.split)
    result = {**told, "out": out, "n": len(images), "latent_dim": autoencoder.latent_dim}
    lines = [f"{out}: {len(images):,} codes of {autoencoder.latent_dim:,} numbers"]
    output.show(result, lines, as_json)
