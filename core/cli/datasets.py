"""`datasets`: list them; `datasets fetch`: the only command that downloads one."""

from dataclasses import asdict
from pathlib import Path

import click

from core.cli import options, output


@click.group(invoke_without_command=True, short_help="List the data sets, or download one.")
@options.data_root
@options.as_json
@click.pass_context
def datasets(context: click.Context, data_root: Path | None, as_json: bool) -> None:
    """List the data sets, those that are not on this machine too, or download one.

    A folder or an archive of images is a data set too: folder:PATH, zip:PATH, file:PATH.
    """
    from core.data.catalogue import catalogue

    if context.invoked_subcommand is not None:
        return
    found = catalogue(data_root)
    rows = [
        (
            info.id,
            " x ".join(map(str, info.input_shape)),
            info.n_train,
            info.n_test,
            len(info.class_names),
            "yes" if info.available else "no",
            info.title,
        )
        for info in found
    ]
    header = ("ID", "SHAPE", "TRAIN", "TEST", "CLASSES", "HERE", "TITLE")
    result = {"datasets": [asdict(info) for info in found]}
    output.show(result, output.table(header, rows), as_json)


@datasets.command(cls=options.Command)
@click.argument("ids", metavar="ID...", nargs=-1, required=True)
@options.data_root
@options.as_json
def fetch(ids: tuple[str, ...], data_root: Path | None, as_json: bool) -> None:
    """Download public data sets into the data folder, unless they are on this machine already. The
    files are compared with the checksums that their publishers give.
    """
    from core.config import DataError
    from core.data.named.publicsets import BY_ID

    if unknown := [name for name in ids if name not in BY_ID]:
        raise DataError(f"{unknown[0]!r} cannot be downloaded: choose {', '.join(BY_ID)}.")
    lines, fetched = [], []
    for known in (BY_ID[name] for name in ids):
        was_here = known.is_here(data_root)
        with output.progress(known.id) as tell:
            known.fetch(data_root, tell)
        lines.append(f"{known.id}: {'was on this machine already' if was_here else 'downloaded'}")
        fetched += [] if was_here else [known.id]
    output.show({"ids": ids, "downloaded": fetched}, lines, as_json)


@datasets.command(cls=options.Command)
@click.argument("dataset", metavar="ID")
@click.argument("mask", metavar="[FILE]", required=False, type=click.Path(path_type=Path))
@click.option("--clear", is_flag=True, help="Judge the whole picture again.")
@options.as_json
def ignore(dataset: str, mask: Path | None, clear: bool, as_json: bool) -> None:
    """Keep a region of a data set that is not judged: what is white in the picture FILE.

    FILE is stretched to the images of the set. What lies in the region changes no score, map or
    threshold: in `score`, `outliers` and on the pages.
    """
    from core.config import DataError, OptionError
    from core.data import catalogue, ignored

    infos = {info.id: info for info in catalogue.catalogue()}
    if dataset not in infos:
        raise DataError(f"There is no data set {dataset!a}: `datasets` lists them.")
    if (mask is None) != clear:
        raise OptionError("Give a FILE whose white parts are ignored, or --clear.")
    size = infos[dataset].input_shape[1:]
    if mask is None:
        ignored.forget(dataset)
    else:
        ignored.keep(dataset, ignored.read_mask(mask, size))
    found = ignored.of(dataset, size)
    share = 0.0 if found is None else float(found.mean())
    said = f"{dataset}: {share:.1%} of the picture is ignored"
    output.show({"dataset": dataset, "ignored": share}, [said], as_json)


@datasets.command(cls=options.Command)
@click.argument("dataset", metavar="ID")
@options.as_json
def delete(dataset: str, as_json: bool) -> None:
    """Delete a data set of yours (own:NAME) for good; models that were trained on it stay."""
    from core.config import DataError
    from core.data import catalogue
    from core.data.own import store
    from core.runs import removal

    if not catalogue.is_own_set(dataset):
        raise DataError(f"{dataset!a} is no data set of yours: those are called own:NAME.")
    removal.delete_dataset(store.find(dataset.removeprefix(store.PREFIX)))
    output.show({"deleted": dataset}, [f"{dataset}: deleted; its models stay"], as_json)
