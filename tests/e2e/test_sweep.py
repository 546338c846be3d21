"""What sweep.js computes, in a browser without a page of ours: places of pictures and labels."""

from collections.abc import Callable, Iterator
from itertools import permutations
from typing import Any

import pytest

from pages.ui.components.component import ASSETS

Call = Callable[..., Any]
ROW = 976  # pixels for pictures on a screen of 1440
PHONE = 358
MODULE = """
async (source) => {
  const code = `${source}\\nexport { cells_of, mark_lanes, fixed };`;
  const address = URL.createObjectURL(new Blob([code], { type: "text/javascript" }));
  window.computed = await import(address);
}
"""


@pytest.fixture(scope="module")
def call(browser: Any) -> Iterator[Call]:
    """Calls a function of the script by its name."""
    page = browser.new_page()
    page.evaluate(MODULE, (ASSETS / "sweep.js").read_text("utf-8"))
    yield lambda name, *arguments: page.evaluate(
        "([name, ...all]) => window.computed[name](...all)", [name, *arguments]
    )
    page.close()


@pytest.mark.parametrize("shape", [(48, 48), (64, 64), (96, 128), (128, 128), (256, 256)])
@pytest.mark.parametrize("n", [8, 12, 16])
def test_large_images_fill_the_row(call: Call, shape: tuple[int, int], n: int) -> None:
    found = call("cells_of", shape, n, ROW, 1)
    wide = found["columns"] * (found["cell"] + found["gap"]) - found["gap"]
    assert 0.8 * ROW <= wide <= ROW
    assert found["picture"] <= 3 * shape[0]


@pytest.mark.parametrize("width", [PHONE, 640, ROW, 1400])
@pytest.mark.parametrize("shape", [(256, 16), (16, 256), (200, 90), (300, 300), (47, 20), (8, 8)])
@pytest.mark.parametrize("n", [1, 4, 32])
def test_pictures_of_any_shape_fit_the_row_and_have_room_for_their_numbers(
    call: Call, shape: tuple[int, int], n: int, width: int
) -> None:
    w, h = shape
    found = call("cells_of", shape, n, width, 1)
    columns, picture = found["columns"], found["picture"]
    assert 1 <= columns <= n
    assert columns * (found["cell"] + found["gap"]) - found["gap"] <= width + 0.01
    assert picture <= found["cell"] >= 44
    assert picture * max(1, h / w) <= 256


@pytest.mark.parametrize("dpr", [1, 2, 3])
def test_pixels_of_small_images_are_all_equally_large(call: Call, dpr: int) -> None:
    for n, width in ((16, ROW), (10, 642), (16, PHONE)):
        times = call("cells_of", (28, 28), n, width, dpr)["picture"] * dpr / 28
        assert times == pytest.approx(round(times))


def test_mark_on_a_narrow_screen_does_not_run_through_the_label_of_another(call: Call) -> None:
    labels = [{"left": 0, "right": 190, "at": 0}, {"left": 180, "right": 330, "at": 180}]
    assert call("mark_lanes", labels) == [1, 0]
    assert call("mark_lanes", labels[::-1]) == [0, 1]


@pytest.mark.parametrize("order", list(permutations(range(3))))
def test_labels_of_three_marks_neither_overlap_nor_are_run_through(
    call: Call, order: tuple[int, ...]
) -> None:
    of = [(9, 150), (80, 240), (200, 350)]
    labels = [{"left": of[i][0], "right": of[i][1], "at": of[i][0]} for i in order]
    lanes = call("mark_lanes", labels)
    for i, one in enumerate(labels):
        for j, other in enumerate(labels):
            is_over = other["left"] <= one["at"] <= other["right"]
            assert i == j or not is_over or lanes[i] < lanes[j], "its line ends above that label"


def test_labels_that_point_left_and_right_share_a_lane_where_they_can(call: Call) -> None:
    far = [{"left": 9, "right": 100, "at": 9}, {"left": 200, "right": 340, "at": 340}]
    assert call("mark_lanes", far) == [0, 0]
    near = [{"left": 9, "right": 220, "at": 9}, {"left": 200, "right": 340, "at": 340}]
    assert sorted(call("mark_lanes", near)) == [0, 1]


@pytest.mark.parametrize(
    ("value", "digits", "said"),
    [(0, 4, "0.0000"), (0.00004, 4, "4.0e\u22125"), (0.03, 4, "0.0300"), (-2, 1, "\u22122.0"),
     (0.3, 0, "0"), (25.04, 1, "25.0")],
)  # fmt: skip
def test_small_number_never_reads_as_0(call: Call, value: float, digits: int, said: str) -> None:
    assert call("fixed", value, digits) == said
