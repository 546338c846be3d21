"""How the files of a source are laid out: what their folders, or a table beside them, say of each.

Recognised by names alone, so that a layout can be shown, and another one chosen, without reading
the images again. Names are an outsider's labels; nothing here opens a file.
"""

import csv
import io
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from types import MappingProxyType
from typing import Literal, get_args

import numpy as np
import numpy.typing as npt

from core.config import DataError
from core.data.offered.names import as_label, printable
from core.images.imagesets import NO_CLASS, classes_of
from core.text import counted, listed, natural

Layout = Literal["flat", "classes", "splits", "defects"]
LAYOUTS: tuple[Layout, ...] = get_args(Layout)
TITLES: Mapping[str, str] = MappingProxyType(
    {
        "flat": "all images alike, no classes",
        "classes": "a folder a class",
        "splits": "train, validation and test folders",
        "defects": "train/good, test/KIND and ground_truth/KIND",
    }
)
PART_OF: Mapping[str, str] = MappingProxyType(  # names of folders, in lower case
    {
        **dict.fromkeys(("train", "training", "trn"), "train"),
        **dict.fromkeys(("val", "valid", "validation", "dev", "calibration"), "calibration"),
        **dict.fromkeys(("test", "testing", "tst", "t10k"), "test"),
    }
)
MASKS = frozenset(("ground_truth", "ground-truth", "groundtruth", "gt", "masks", "mask"))
USUAL = ("good", "ok", "normal", "usual", "defect-free", "defect_free", "no_defect")
MASK_BESIDE = re.compile(r"[_-](mask|gt|ground[_-]?truth|seg(mentation)?)$", re.IGNORECASE)
MASK_END = re.compile(r"[_-](mask|gt|ground[_-]?truth|label)$", re.IGNORECASE)
SHARD = re.compile(  # names of files that hold a part
    r"^(train|test|t10k|val|valid|validation)[-_.\d].*(\.(parquet|tar|tgz|zip|tar\.gz|npy|npz)|ubyte(\.gz)?)$"
)
TABLE_END = (".csv", ".tsv")
FILE_COLUMNS = (
    "file", "filename", "file_name", "image", "path", "filepath", "file_path", "image_path",
    "image_name", "img", "image_id", "image_file", "picture", "name", "id",
)  # fmt: skip
LABEL_COLUMNS = (
    "label", "labels", "class", "class_name", "classname", "label_name", "category", "target",
    "kind", "type", "species", "y",
)  # fmt: skip
PART_COLUMNS = ("split", "part", "subset", "set", "fold")
MAX_DEPTH = 3  # folders above those that name parts
MAX_TABLE = 32 << 20  # bytes
MAX_ROWS, MAX_LABEL = 1_000_000, 200


@dataclass(frozen=True, kw_only=True)
class Sheet:
    """A table that came with the images, or was named.  name: how to call it.  content: bytes."""

    name: str
    content: bytes


@dataclass(frozen=True, kw_only=True)
class Arrangement:
    """What a layout says of each file that could be read as an image.

    is_mask: (n,) it is not an image of the set but marks the defects of one.  of: (n,) the position
    of that image; -1 for images, and for masks of no image that is here.  labels: (n,) class, None
    where there is none.  parts: (n,) "train", "calibration", "test", or "" where nothing is said.
    outlier_classes: all whose images are outliers.  table: what the labels are from, if a table.
    notes: sentences about what does not fit.
    """

    layout: Layout
    is_mask: npt.NDArray[np.bool_]
    of: npt.NDArray[np.int64]
    labels: tuple[str | None, ...]
    parts: tuple[str, ...]
    outlier_classes: tuple[str, ...] = ()
    table: str = ""
    notes: tuple[str, ...] = ()


def is_table(name: str) -> bool:
    """Whether a file of this name may say which class each image has."""
    return name.lower().endswith(TABLE_END)


def may_be_mask(name: str) -> bool:
    """Whether a file lies in a folder where masks of defects usually are."""
    return any(_named(folder) == "mask" for folder in name.split("/")[:-1])


def may_name_part(name: str) -> bool:
    """Whether a file lies in a folder that may name a part of a set, or where masks usually are."""
    return any(_named(folder) for folder in name.split("/")[:-1][:MAX_DEPTH])


def labels_of(
    laid: "Arrangement", names: Sequence[str], stated: Sequence[str | None] = ()
) -> tuple[npt.NDArray[np.int64] | None, tuple[str, ...]]:
    """Classes of images that are used as they lie: see core.images.imagesets.classes_of.

    Where folders name parts, or a table gives the classes, they are as the arrangement has them;
    masks are of the first class.
    """
    if laid.layout not in ("splits", "defects") and not laid.table:
        return classes_of(names, stated)
    known = sorted({label for label in laid.labels if label is not None}, key=natural)
    if not known:
        return None, ()
    index = {label: i for i, label in enumerate(known)}
    return np.array([index.get(label or "", 0) for label in laid.labels], np.int64), tuple(known)


def recognised(names: Sequence[str], stated: Sequence[str | None] = ()) -> Layout:
    """The layout that the folders of these names are in; stated: see arranged()."""
    placed = _placed(names)
    if placed is None and any(label is not None for label in stated):
        return "classes"
    if placed is None:
        return "classes" if any("/" in name for name in names) else "flat"
    kinds = {part: {one.label for one in placed if one.part == part} for part in PART_OF.values()}
    one_kind = len(kinds["train"]) == 1
    is_usual = one_kind and min(kinds["train"]).rpartition("/")[2].lower() in USUAL
    if any(one.is_mask for one in placed) or (is_usual and kinds["test"] - kinds["train"]):
        return "defects"
    return "splits"


def arranged(
    names: Sequence[str],
    stated: Sequence[str | None] = (),
    layout: Layout | None = None,
    sheets: Sequence[Sheet] = (),
) -> Arrangement:
    """What the layout says of the files called `names`.

    stated: (n,) the class that the source itself gives each, None where it gives none.  layout:
    None = the one that is recognised.  sheets: tables; the first that names an image counts, and
    what it says of a class goes before folders.
    Raises DataError if the names are not in the layout that was chosen.
    """
    chosen = layout or recognised(names, stated)
    found = _with_masks_beside(_LAID[chosen](names, stated), names)
    return _with_tables(found, names, sheets)


@dataclass(frozen=True)
class _Place:
    """Where a file lies.  label: its folders without those that name a part."""

    part: str
    is_mask: bool
    label: str
    stem: str


def _placed(names: Sequence[str]) -> list[_Place] | None:
    """Each file's place, if at some depth all folders name parts, "train" and another among them.

    Files above that depth (a licence, a table) do not count.
    """
    folders = [name.split("/") for name in names]
    for depth in range(min(MAX_DEPTH, max(map(len, folders), default=0))):
        deep = [parts for parts in folders if len(parts) > depth + 1]
        found = {_named(parts[depth]) for parts in deep}
        if len(deep) * 2 > len(folders) and "" not in found and len(found) > 1 and "train" in found:
            return [_place(parts, depth) for parts in folders]
    return None


def _named(folder: str) -> str:
    """The part, or "mask", that a folder or a shard of that name holds; "" for any other."""
    low = folder.lower()
    shard = SHARD.match(low)
    return "mask" if low in MASKS else PART_OF.get(shard[1] if shard else low, "")


def _place(parts: list[str], depth: int) -> _Place:
    if len(parts) <= depth + 1:
        return _Place("", False, "", parts[-1])
    found = _named(parts[depth])
    label = "/".join((*parts[:depth], *parts[depth + 1 : -1]))
    return _Place("" if found == "mask" else found, found == "mask", label, _stem(parts[-1]))


def _stem(name: str) -> str:
    return name.rpartition(".")[0] or name


def _common(labels: Iterable[str]) -> int:
    """Folders that all labels begin with."""
    split = [label.split("/") for label in labels]
    n = 0
    while split and all(len(parts) > n + 1 and parts[n] == split[0][n] for parts in split):
        n += 1
    return n


def _flat(names: Sequence[str], stated: Sequence[str | None]) -> Arrangement:
    del stated
    return _plain("flat", [None] * len(names))


def _classes(names: Sequence[str], stated: Sequence[str | None]) -> Arrangement:
    indices, class_names = classes_of(names, stated)
    if indices is None:
        only = _only_class(names, stated)
        return _plain("classes" if only else "flat", [only] * len(names))
    return _plain("classes", [class_names[i] for i in indices.tolist()])


def _only_class(names: Sequence[str], stated: Sequence[str | None]) -> str | None:
    """The class that the source states of all images, or the folder that all lie in, if any."""
    known = {label for label in stated if label is not None}
    if len(known) == 1 and None not in stated:
        return known.pop()
    folders = {name.rpartition("/")[0] for name in names}
    return folders.pop().rpartition("/")[2] or None if len(folders) == 1 else None


def _plain(layout: Layout, labels: Sequence[str | None]) -> Arrangement:
    n = len(labels)
    return Arrangement(
        layout=layout,
        is_mask=np.zeros(n, np.bool_),
        of=np.full(n, -1, np.int64),
        labels=tuple(labels),
        parts=("",) * n,
    )


def _splits(names: Sequence[str], stated: Sequence[str | None]) -> Arrangement:
    placed = _places(names, "splits")
    shown = [one for one in placed if not one.is_mask and one.label]
    n_common = _common({one.label for one in shown})
    stated = stated or [None] * len(names)
    labels = [
        said or "/".join(one.label.split("/")[n_common:]) or None
        for one, said in zip(placed, stated, strict=True)
    ]
    found = _plain("splits", [label or NO_CLASS for label in labels] if any(labels) else labels)
    return _replaced(found, placed, ())


def _defects(names: Sequence[str], stated: Sequence[str | None]) -> Arrangement:
    del stated
    placed = _places(names, "defects")
    usual = {one.label for one in placed if one.part == "train"}
    kinds = {one.label for one in placed if one.part}
    n_common = _common(kinds)
    short = {kind: "/".join(kind.split("/")[n_common:]) or NO_CLASS for kind in kinds}
    labels = [short.get(one.label) for one in placed]
    outliers = tuple(sorted(short[kind] for kind in kinds - usual))
    return _replaced(_plain("defects", labels), placed, outliers)


def _places(names: Sequence[str], layout: str) -> list[_Place]:
    placed = _placed(names)
    if placed is None:
        raise DataError(
            f"The files are not laid out as {TITLES[layout]}: rename the folders, or choose "
            "another layout."
        )
    return placed


def _replaced(
    found: Arrangement, placed: Sequence[_Place], outlier_classes: tuple[str, ...]
) -> Arrangement:
    """The arrangement with the parts and the masks that the files' places state."""
    of = _masked(placed)
    is_mask = np.array([one.is_mask for one in placed], np.bool_)
    lost = int((is_mask & (of < 0)).sum())
    notes = (
        (f"{counted(lost, 'mask')} fit no image by name, such as image 000.png and 000_mask.png.",)
        if lost
        else ()
    )
    return Arrangement(
        layout=found.layout,
        is_mask=is_mask,
        of=of,
        labels=tuple(None if m else label for m, label in zip(is_mask, found.labels, strict=True)),
        parts=tuple(one.part for one in placed),
        outlier_classes=outlier_classes,
        notes=notes,
    )


def _masked(placed: Sequence[_Place]) -> npt.NDArray[np.int64]:
    """Which image each mask is of: test/KIND/000 of ground_truth/KIND/000_mask, of .../000/1, too.

    Of images of that name in several parts: the one to test on.
    """
    images: dict[tuple[str, str], int] = {}
    for i, one in enumerate(placed):
        if not one.is_mask and (one.part == "test" or (one.label, one.stem) not in images):
            images[one.label, one.stem] = i
    of = np.full(len(placed), -1, np.int64)
    for i, one in enumerate(placed):
        if one.is_mask:
            folder, _, last = one.label.rpartition("/")
            tried = ((one.label, MASK_END.sub("", one.stem)), (one.label, one.stem), (folder, last))
            of[i] = next((images[key] for key in tried if key in images), -1)
    return of


def _with_masks_beside(found: Arrangement, names: Sequence[str]) -> Arrangement:
    """With masks that lie beside their images, such as a/000.png and a/000_mask.png.

    A file is a mask if the image lies there whose name it has but for that ending.
    """
    images = {_stem(name): i for i, name in enumerate(names) if not found.is_mask[i]}
    beside = {
        i: images[bare]
        for stem, i in images.items()
        if (bare := MASK_BESIDE.sub("", stem)) != stem and bare in images
    }
    if not beside:
        return found
    is_mask, of = found.is_mask.copy(), found.of.copy()
    labels, parts = list(found.labels), list(found.parts)
    for i, image in beside.items():
        is_mask[i], of[i], labels[i], parts[i] = True, image, None, ""
    return replace(found, is_mask=is_mask, of=of, labels=tuple(labels), parts=tuple(parts))


_LAID: Mapping[str, Callable[[Sequence[str], Sequence[str | None]], Arrangement]] = (
    MappingProxyType({"flat": _flat, "classes": _classes, "splits": _splits, "defects": _defects})
)


# Tables that say which class each image has.


@dataclass(frozen=True)
class _Row:
    name: str
    label: str
    part: str


def _with_tables(found: Arrangement, names: Sequence[str], sheets: Sequence[Sheet]) -> Arrangement:
    """With what tables say of the images: of each the first that names it."""
    why: list[str] = []
    said: dict[int, _Row] = {}
    used: list[str] = []
    for sheet in sheets:
        title = printable(sheet.name)[:80]
        try:
            rows = rows_of(sheet, names)
        except DataError as error:
            why.append(str(error))
            continue
        at = _matched([row.name for row in rows], names, sheet.name.rpartition("/")[0])
        if not any(i is not None and row.label for row, i in zip(rows, at, strict=True)):
            why.append(f"{title} gives none of the images a class.")
            continue
        used.append(title)
        if n_lost := sum(i is None for i in at):
            why.append(f"{counted(n_lost, 'row')} of {title} name no image that could be read.")
        for row, i in zip(rows, at, strict=True):
            if i is not None:
                said.setdefault(i, row)
    return _labelled(found, said, used, why) if used else replace(found, notes=(*found.notes, *why))


def _labelled(
    found: Arrangement, said: Mapping[int, _Row], used: Sequence[str], why: Sequence[str]
) -> Arrangement:
    """The arrangement with the rows that tables have for some of its files.  used: the tables."""
    masks = found.is_mask.tolist()
    rows = [said.get(i) for i in range(len(masks))]
    labels = [(row.label if row else "") or None for row in rows]
    parts = [(row.part if row else "") or part for row, part in zip(rows, found.parts, strict=True)]
    n_without = sum(label is None and not m for label, m in zip(labels, masks, strict=True))
    title = listed(used, 3)
    notes = list(why)
    if n_without:
        notes.append(f"{counted(n_without, 'image')} have no class in {title}: {NO_CLASS}.")
    filled = [None if m else label or NO_CLASS for label, m in zip(labels, masks, strict=True)]
    return replace(
        found,
        layout="classes" if found.layout == "flat" else found.layout,
        labels=tuple(filled),
        parts=tuple(parts),
        table=title,
        notes=(*found.notes, *notes),
    )


def rows_of(sheet: Sheet, names: Sequence[str]) -> list[_Row]:
    """The rows of a table: a file and its class, and its part if there is such a column.

    Columns are separated by commas, semicolons, tabs or bars, and called as people call them; a
    table without a heading has the file first and the class second.
    Raises DataError if it is no such table.
    """
    title = printable(sheet.name)[:80]
    if len(sheet.content) > MAX_TABLE:
        raise DataError(f"{title} is larger than {MAX_TABLE >> 20} MB: keep file and label only.")
    lines = _lines(_decoded(sheet.content))
    if len(lines) > MAX_ROWS:
        raise DataError(f"{title} has more than {MAX_ROWS:,} rows.")
    if not lines:
        raise DataError(f"{title} is empty.")
    heading = [cell.strip().lower() for cell in lines[0]]
    file = next((heading.index(name) for name in FILE_COLUMNS if name in heading), None)
    label = next((heading.index(name) for name in LABEL_COLUMNS if name in heading), None)
    part = next((heading.index(name) for name in PART_COLUMNS if name in heading), None)
    if file is not None and label is not None:
        return [_row(line, file, label, part) for line in lines[1:]]
    if len(lines[0]) >= 2 and _matched([as_label(lines[0][0])], names) != [None]:
        return [_row(line, 0, 1, None) for line in lines]
    raise DataError(
        f"{title} needs a column called file (or filename, image, path) and one called label (or "
        f"class, category): it has {', '.join(heading)[:100]}."
    )


def _row(line: list[str], file: int, label: int, part: int | None) -> _Row:
    cells = [*line, *[""] * (1 + max(file, label, part or 0) - len(line))]
    said = cells[part].strip().lower() if part is not None else ""
    text = printable(cells[label].strip())[:MAX_LABEL]
    return _Row(as_label(printable(cells[file].strip())), text, PART_OF.get(said, ""))


def _decoded(content: bytes) -> str:
    """Text in UTF-8 or UTF-16 with a mark, else in UTF-8, else in Windows' Western European."""
    if content.startswith((b"\xff\xfe", b"\xfe\xff")):
        return content.decode("utf-16", "replace")
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError:
        return content.decode("cp1252", "replace")


def _lines(text: str) -> list[list[str]]:
    """Rows of cells; the separator is the one that the first line has most of."""
    first = text.lstrip().partition("\n")[0]
    separator = max(",;\t|", key=first.count)
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=separator)
    try:
        return [row for row in reader if any(cell.strip() for cell in row)]
    except csv.Error as error:
        raise DataError(f"The table cannot be read ({str(error)[:80]}).") from error


def _matched(wanted: Sequence[str], names: Sequence[str], folder: str = "") -> list[int | None]:
    """The position of each file in `names`: by its whole name, by what it ends with, or without its
    ending; None where none or several fit.

    folder: of the table; a name below it goes before all others.
    """
    tables: list[dict[str, int | None]] = [{}, {}, {}, {}]
    for i, name in enumerate(names):
        last = name.rpartition("/")[2]
        for table, key in zip(tables, (name, _stem(name), last, _stem(last)), strict=True):
            table[key] = None if key in table else i
    found = []
    for name in wanted:
        last = name.rpartition("/")[2]
        below = f"{folder}/{name}" if folder else name
        tried = (tables[0].get(below), tables[1].get(below),
                 tables[0].get(name), tables[1].get(name), tables[2].get(last), tables[3].get(last),
                 tables[3].get(_stem(last)))  # fmt: skip
        found.append(next((i for i in tried if i is not None), None))
    return found
