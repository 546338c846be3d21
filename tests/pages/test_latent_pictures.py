"""Sheets, planes, animations, exports and scatters: what leaves for the browser or the disk."""

import io
import zipfile

import numpy as np
import pandas as pd
import pytest
from PIL import Image

from core.images import sheets
from core.images.imagesets import ImageSet, numbered_ids
from pages.ui import progress
from pages.ui.components import gallery, peek
from pages.ui.components.gallery import Columns, Item
from pages.ui.components.sweep import Cell
from pages.ui.figures import animation, colouring, scatter, theme
from pages.ui.figures.colouring import Groups, Scale
from pages.ui.figures.scatter import MapStyle, Points
from pages.ui.frame import downloads
from pages.ui.latent import walking
from pages.ui.latent.walking import Walk
from tests.pages.latent_pages import tiles

RNG = np.random.default_rng(0)


def pictures(n: int, h: int = 5, w: int = 4) -> np.ndarray:
    return RNG.integers(0, 256, (n, h, w, 3), dtype=np.uint8)


@pytest.mark.parametrize("n", [1, 2, 7, 60])
def test_sheet_without_loss_gives_back_every_tile(n: int) -> None:
    drawn = pictures(n)
    sheet, across = sheets.sheet_of(drawn)
    assert (tiles(sheet, (4, 5), across, n) == drawn).all()


def test_gallery_holds_the_columns_of_each_item_side_by_side() -> None:
    left, right = pictures(3), pictures(3)
    items = [Item(f"image {i}", (f"line {i}",)) for i in range(3)]
    packed = gallery.pack(items, [left, right], Columns(("a", "b")))
    found = tiles(packed.body, tuple(packed.header["tile"]), packed.header["across"], 3)
    assert (found == np.concatenate([left, right], axis=2)).all()
    assert [item["id"] for item in packed.header["items"]] == ["image 0", "image 1", "image 2"]


def test_sheet_of_a_plane_stays_under_its_limit_by_quality_and_then_by_size(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    noise = RNG.integers(0, 256, (8, 8, 20, 20, 3), dtype=np.uint8)
    monkeypatch.setattr(sheets, "MOST_BYTES", 6_000)
    sheet, side = sheets.squeezed(noise)
    assert len(sheet) <= 6_000
    assert side < (20, 20)
    assert Image.open(io.BytesIO(sheet)).size == (8 * side[1], 8 * side[0])
    smooth = np.full((8, 8, 20, 20, 3), 99, np.uint8)
    assert sheets.squeezed(smooth)[1] == (20, 20)


def walk() -> Walk:
    x = np.linspace(0, 1, 4 * 2 * 9, dtype=np.float32).reshape(4, 2, 1, 3, 3)
    cells = (Cell("a", ""), Cell("b", ""))
    return Walk(
        "title", np.arange(4.0), 0, x, cells, "label", "help", np.zeros((4, 2)), "detail", (), ()
    )


@pytest.mark.parametrize("kind", ["GIF", "WEBP"])
def test_animation_goes_there_and_back_with_every_frame(kind: animation.Format) -> None:
    frames = walking.frames(walk())
    assert frames.shape == (4, 2, 3, 3, 3)
    file = Image.open(io.BytesIO(animation.animated(frames, kind)))
    assert file.format == kind
    assert file.n_frames == 6  # type: ignore[attr-defined]  # 0 1 2 3 2 1
    for at, frame in enumerate((0, 1, 2, 3, 2, 1)):
        file.seek(at)
        shown = np.asarray(file.convert("RGB")).astype(int)
        factor = 140 // 3
        assert shown.shape == (3 * factor, 6 * factor + animation.GAP, 3)
        first = shown[factor // 2 :: factor, : 3 * factor][:, factor // 2 :: factor]
        assert np.abs(first - frames[frame, 0]).max() <= 1


def test_pictures_side_by_side_have_a_gap_between_them_and_none_after() -> None:
    drawn = pictures(3)
    row = animation.side_by_side(drawn, 2)
    assert row.shape == (5, 3 * 4 + 2 * 2, 3)
    assert (row[:, :4] == drawn[0]).all()
    assert (row[:, 4:6] == 128).all()
    assert (row[:, 12:] == drawn[2]).all()


def test_peek_makes_images_smaller_when_they_are_many_and_gives_up_when_they_are_too_many(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    images = ImageSet(
        "s", "test", np.full((50, 1, 20, 30), 77, np.uint8), None, (), numbered_ids("s", range(50))
    )
    assert peek.side_of(50, 20, 30) == (20, 30)
    monkeypatch.setattr(peek, "MOST_PIXELS", 50 * 300)
    assert peek.side_of(50, 20, 30) == (14, 21)
    monkeypatch.setattr(peek, "MOST_PIXELS", 50 * 50)
    assert peek.side_of(50, 20, 30) is None
    for side, whole in (((20, 30), True), ((14, 21), False)):
        packed = peek.pack(images, b"sheet", side, 8)
        assert (packed.header["tile"], packed.header["whole"]) == ([side[1], side[0]], whole)
        assert packed.header["ids"] == images.ids.tolist()


# Exports


def images_called(*names: str) -> ImageSet:
    values = RNG.integers(0, 256, (len(names), 3, 4, 5), dtype=np.uint8)
    labels = np.arange(len(names)) % 2
    return ImageSet("own", "all", values, labels, ("=cat", "dog"), np.array(names))


def test_zip_of_a_selection_holds_each_image_pixel_by_pixel_and_says_which_is_which() -> None:
    images = images_called("cat/a.png", "../../etc/passwd", "cat/ü <b>.png")
    archive = zipfile.ZipFile(io.BytesIO(downloads.images_zip(images)))
    table = pd.read_csv(archive.open("ids.csv"))
    assert table["id"].tolist() == images.ids.tolist()
    assert table["label"].tolist() == ["'=cat", "dog", "'=cat"]  # no formula for a spreadsheet
    for name, pixels in zip(table["file"], images.images, strict=True):
        with Image.open(archive.open(name)) as picture:
            assert (np.asarray(picture) == pixels.transpose(1, 2, 0)).all()


def test_file_names_are_safe_and_different_for_every_image() -> None:
    names = downloads.file_names(["a/b.png", "a_b", "A/B.PNG", "..", "x" * 300, "<script>"])
    assert len({name.lower() for name in names}) == 6
    assert all(name.endswith(".png") and "/" not in name and len(name) < 120 for name in names)
    assert names[0] == "a_b.png"


# Scatter


def points(n: int = 6) -> Points:
    other = np.arange(n) % 3 == 0
    return Points(RNG.random((n, 2), np.float32), numbered_ids("s", range(n)), other, "train image")


def test_traces_carry_ids_and_single_precision() -> None:
    where = points()
    groups = Groups("class", ("a", "b"), np.array([0, 1, 0, 1, 0, 1]))
    figure = scatter.figure(where, groups, None, MapStyle(("x", "y")))
    assert sum(len(trace.customdata) for trace in figure.data) == 6
    for trace in figure.data:
        assert trace.x.dtype == np.float32
        for name, x in zip(trace.customdata, trace.x, strict=True):
            assert x == where.xy[int(name[2:]), 0]


def test_names_from_outside_are_shown_letter_by_letter() -> None:
    where = Points(np.zeros((1, 2), np.float32), np.array(["<img src=x>"]), np.zeros(1, bool), "t")
    groups = Groups("class", ("<b>x</b>",), np.zeros(1, np.int64))
    (trace,) = scatter.figure(where, groups, None, MapStyle(("x", "y"))).data
    assert trace.customdata[0] == "<img src=x>"
    assert trace.text[0] == "&lt;img src=x&gt;"
    assert trace.name == "&lt;b&gt;x&lt;/b&gt; (1)"


def test_selected_points_are_named_trace_by_trace() -> None:
    where = points()
    groups = Groups("class", ("a", "b"), np.array([0, 1, 0, 1, 0, 1]))
    picked = np.array([True, False, False, True, False, False])
    figure = scatter.figure(where, groups, picked, MapStyle(("x", "y")))
    bright = {trace.customdata[i] for trace in figure.data for i in trace.selectedpoints}
    assert bright == {"s/00000", "s/00003"}


def test_scale_ends_before_its_strays_and_a_circle_after_360_degrees() -> None:
    values = np.append(np.linspace(0, 1, 1000), 500.0)
    low, high = colouring.ends(Scale("error", values, "warm"))
    assert (low, high) == (0, pytest.approx(1, abs=0.01))
    assert colouring.ends(Scale("hue", values, "wheel")) == (0, 360)
    constant = colouring.ends(Scale("error", np.ones(4), "warm"))
    assert constant[0] < constant[1]


def test_colours_of_points_are_those_of_the_legend_and_of_the_scale() -> None:
    groups = Groups("class", tuple("abc"), np.array([2, 0, 1]))
    expected = [list(bytes.fromhex(theme.PALETTE[i][1:])) for i in (2, 0, 1)]
    assert colouring.rgb(groups).tolist() == expected
    scale = Scale("error", np.array([0.0, 1.0]), "warm")
    table = colouring.TABLES["warm"]
    assert colouring.rgb(scale).tolist() == [table[0].tolist(), table[-1].tolist()]


def test_colouring_has_another_name_when_anything_in_it_differs() -> None:
    of = np.array([0, 1])
    made = [
        Groups("class", ("a", "b"), of),
        Groups("class", ("a", "c"), of),
        Groups("class", ("a", "b"), of[::-1]),
        Scale("class", of, "warm"),
    ]
    assert len({colouring.name_of(one) for one in made}) == 4  # type: ignore[arg-type]
    assert colouring.name_of(made[0]) == colouring.name_of(Groups("class", ("a", "b"), of.copy()))  # type: ignore[arg-type]


# Words


@pytest.mark.parametrize(
    ("done", "total", "left", "expected"),
    [
        (0, 450, None, "Map: preparing"),
        (90, 450, None, "Map: 20 %"),
        (90, 450, 12.4, "Map: 20 %, about 12 s left"),
        (90, 450, 400.0, "Map: 20 %, about 7 min left"),
        (0, None, None, "Map: preparing"),
    ],
)
def test_progress_is_told_in_one_line(
    done: int, total: int | None, left: float | None, expected: str
) -> None:
    assert progress.progress_line(done, total, left, "Map") == expected
