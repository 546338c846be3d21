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
