"""`sweep`: a study, from one TOML file to a table and a figure."""

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from core.cli import listeners, options, output
from core.config import OptionError

if TYPE_CHECKING:
    from core.studies.plan import Study


@click.command(cls=options.Command, short_help="Train and compare many models from one file.")
@click.argument("file", required=False, type=click.Path(path_type=Path))
@click.option("--out", type=click.Path(path_type=Path), help="Folder to write table and figure to.")
@click.option("--processes", type=click.IntRange(1, 64), help="At once.  [default: as many as pay]")
@click.option("--dry-run", is_flag=True, help="Only list the models, and which are done.")
@click.option("--list", "as_list", is_flag=True, help="List the studies that were begun.")
@click.option("--delete", metavar="STUDY", help="Delete a study and its results; models stay.")
@click.option("--helper", is_flag=True, hidden=True)  # a process that helps another one
@listeners.options
@options.data_root
@options.as_json
def sweep(
    file: Path | None, as_list: bool, delete: str | None, helper: bool, as_json: bool, **given: Any
) -> None:
    """Carry out the study in FILE: train every combination of settings, test it, and compare.

    FILE is a TOML file: settings that all models share (dataset = "mnist-5k", arch = "dense",
    epochs = 10, excluded_classes = ["5"], n_train = 500), a table [grid] with lists of which every
    combination is trained (latent_dim, noise_kind, noise_std, seed, ...), [[models]] for a list
    instead, and [test] with noise_kind and noise_std to test with. docs/command-line.md shows one.

    Killed or stopped, the same command goes on; models that are done are not trained again. The
    results are table.csv, table.parquet (a row for each model and test noise: every setting, every
    metric, seconds, model) and figure.svg, with the spread over seeds.
    """
    from core.studies import plan, work

    if as_list or delete:
        if file is not None or (as_list and delete):
            raise OptionError("--list and --delete stand alone: leave out the rest.")
        _delete(str(delete), as_json) if delete else _list(as_json)
        return
    if file is None:
        raise OptionError("Say which study: sweep FILE.toml; `sweep --list` lists those begun.")
    study = plan.read(_text(file), file.stem if file.stem != "study" else file.parent.name)
    if helper:
        work.help_out(study, given["data_root"])
    elif given.pop("dry_run"):
        _plan(study, as_json)
    else:
        _carry_out(study, given, as_json)


def _text(file: Path) -> str:
    from core.studies.plan import MOST_BYTES

    if file.stat().st_size > MOST_BYTES:
        raise OptionError(f"{file.name!a} is too large for a study: at most 1 MB.")
    try:
        return file.read_text("utf-8")
    except UnicodeDecodeError as error:
        raise OptionError(f"{file.name!a} is not text in UTF-8.") from error


def _carry_out(study: "Study", given: dict[str, Any], as_json: bool) -> None:
    from core.studies import results, work

    out: Path | None = given["out"]
    if out is not None:
        out.mkdir(parents=True, exist_ok=True)
    heard = listeners.made(given)
    failed: dict[str, str] = {}
    with output.bar(study.name) as bar, heard:
        bar.reset(total=len(study.models))
        bar.update(results.n_done(study))
        for event in work.carry_out(study, given["data_root"], given["processes"]):
            heard.hear(event)
            if isinstance(event, work.Done) and event.reason:
                failed[event.model.name] = event.reason
            elif isinstance(event, work.Done):
                bar.update(event.n - bar.n)
                click.echo(f"{event.model.name}: done, {event.n} of {event.total}", err=True)
    files = work.write_out(study, out)
    _show(study, files, failed, as_json)
    if failed:
        click.get_current_context().exit(1)


def _show(study: "Study", files: tuple[Path, ...], failed: dict[str, str], as_json: bool) -> None:
    from core.studies import results

    found = results.table(study)
    result = {
        "study": study.name,
        "n_models": len(study.models),
        "n_done": results.n_done(study),
        "files": files,
        "failed": failed,
        "rows": found.astype(object).where(found.notna(), None).to_dict("records"),
    }
    lines = [*_lines(found), *(f"{name}: {reason}" for name, reason in failed.items())]
    output.show(result, [*lines, *map(str, files)], as_json)


def _lines(found: Any) -> list[str]:
    """What differs between the models, and their errors; seeds are put together."""
    from core.studies import figure

    names = [*figure.varying(found)]
    tested = [name for name in ("test_noise_kind", "test_noise_std") if found[name].nunique() > 1]
    by = [*names, *tested]
    if not by or not found["mse"].notna().any():
        return [f"{row.model}: {row.state}, mse {row.mse}" for row in found.itertuples()]
    measured = found[found["mse"].notna()].astype({"mse": float})
    grouped = measured.groupby(by, dropna=False, sort=False)["mse"]
    rows = [
        (*(_cell(value) for value in (key if isinstance(key, tuple) else (key,))),
         float(part.mean()), float(part.min()), float(part.max()), len(part))
        for key, part in grouped
    ]  # fmt: skip
    header = (
        *(name.upper().replace("_", " ") for name in by),
        "MSE",
        "LOWEST",
        "HIGHEST",
        "MODELS",
    )
    return output.table(header, rows)


def _cell(value: Any) -> str:
    return "-" if str(value) in ("None", "nan", "<NA>") else str(value)


def _plan(study: "Study", as_json: bool) -> None:
    import msgspec

    from core.studies import results

    listed = [
        {
            "model": model.name,
            "done": results.is_done(study, model),
            "settings": msgspec.to_builtins(model.config),
        }
        for model in study.models
    ]
    lines = [f"{one['model']}: {'done' if one['done'] else 'missing'}" for one in listed]
    output.show({"study": study.name, "models": listed}, lines, as_json)


def _list(as_json: bool) -> None:
    from core.studies import results, work

    found = work.found()
    rows = [(one.study.name, one.state, f"{one.n_done} of {one.total}") for one in found]
    lines = output.table(("STUDY", "STATE", "MODELS"), rows) if rows else [
        "There are no studies: `sweep FILE.toml` begins one."
    ]  # fmt: skip
    described = [
        {"study": one.study.name, "state": one.state, "n_done": one.n_done, "n_models": one.total,
         "folder": results.folder(one.study.name)}
        for one in found
    ]  # fmt: skip
    output.show({"studies": described}, lines, as_json)


def _delete(name: str, as_json: bool) -> None:
    from core.studies import work

    work.delete(work.standing(name).study)
    output.show({"deleted": name}, [f"{name}: deleted; its models stay"], as_json)
