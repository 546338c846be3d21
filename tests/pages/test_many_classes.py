"""Many classes, and long or strange names of classes: told apart, or not pretended to be."""

import re
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from streamlit.testing.v1 import AppTest

from core.images.imagesets import numbered_ids
from core.reports import Content
from pages.ui.figures import density, scatter, theme
from pages.ui.figures.colouring import BELOW, Groups, marks, rgb
from pages.ui.figures.scatter import MapStyle, Points
from pages.ui.frame import downloads
from tests.pages import latent_pages
from tests.pages.latent_pages import charts, component
from tests.pages.many_classes import LETTERS, ODD, SIGNS, keep, labels

OpenApp = Callable[..., AppTest]
LOOK = MapStyle(("x", "y"))


def points(n: int) -> Points:
    xy = np.random.default_rng(0).random((n, 2), np.float32)
    return Points(xy, numbered_ids("s", range(n)), np.zeros(n, bool), "train image")


def letters(told: tuple[int, ...] | None = None) -> Groups:
    """The more images, the later the letter."""
    return Groups("class", LETTERS, labels([1 + i for i in range(62)]), highlighted=told)


def test_up_to_twenty_classes_have_marks_of_their_own() -> None:
    groups = Groups("class", LETTERS[:20], labels([3] * 20))
    drawn = [(part.style.colour, part.style.shape) for part in groups.parts]
    assert len(set(drawn)) == 20
    assert all(part.name for part in groups.parts)


def test_of_more_classes_the_most_frequent_have_a_colour_and_no_two_look_alike() -> None:
    groups = letters()
    others, *told = groups.parts
    assert [part.name for part in told] == list(LETTERS[-10:])
    assert len({(part.style.colour, part.style.shape) for part in groups.parts}) == 11
    assert (others.name, others.style.colour) == ("", theme.FADED)
    assert sum(int(part.members.sum()) for part in groups.parts) == len(groups.of)


def test_classes_that_were_chosen_have_a_colour_and_the_plane_draws_the_same_marks() -> None:
    groups = letters(told=(0, 24, 61))
    colours, shapes = rgb(groups), marks(groups)
    for part in groups.parts:
        (colour,) = np.unique(colours[part.members], axis=0)
        assert f"#{bytes(colour.tolist()).hex()}" == part.style.colour
        (shape,) = np.unique(shapes[part.members])
        assert shape == (theme.SHAPES.index(part.style.shape) if part.name else BELOW)
    assert [part.name for part in groups.parts] == ["", LETTERS[0], LETTERS[24], LETTERS[61]]


def test_point_without_a_colour_of_its_own_still_tells_its_class_and_id() -> None:
    groups = letters()
    figure = scatter.figure(points(len(groups.of)), groups, None, LOOK)
    others = figure.data[0]
    assert others.name.startswith("others (")
    assert others.legendrank > figure.data[1].legendrank
    assert others.text[0] == f"{LETTERS[0]}<br>{others.customdata[0]}"


@pytest.mark.parametrize("of_many", [False, True])
def test_legend_never_takes_half_of_the_map(of_many: bool) -> None:
    groups = letters()
    shown, n = points(len(groups.of)), len(groups.of)
    if of_many:
        picture = np.zeros((4, 4, 4), np.uint8)
        figure = density.figure(shown, groups, picture, ((0, 1), (0, 1)), LOOK)
    else:
        figure = scatter.figure(shown, groups, None, LOOK)
    named = [trace.name for trace in figure.data if trace.showlegend]
    assert len(named) == 11
    assert sum(int(re.sub(r"\D", "", name.rsplit("(", 1)[1])) for name in named) == n
    assert figure.layout.legend.maxheight <= 0.3


def test_long_names_are_short_in_the_legend_and_whole_under_the_pointer() -> None:
    groups = Groups("class", SIGNS, labels([1 + i % 3 for i in range(43)]))
    for trace in scatter.figure(points(len(groups.of)), groups, None, LOOK).data[1:]:
        assert len(trace.name) <= 24 + len(" (3)")
        lines = trace.hovertemplate.split("<br>")
        assert max(map(len, lines)) <= 60
        assert " ".join(lines[:-1]) in SIGNS
    assert len({part.label for part in groups.parts}) == len(groups.parts)


def test_names_are_shown_letter_by_letter_whatever_they_hold() -> None:
    groups = Groups("class", ODD, labels([2] * 4))
    figure = scatter.figure(points(8), groups, None, LOOK)
    words = " ".join(trace.name + trace.hovertemplate for trace in figure.data)
    assert "<b>" not in words
    assert "<img" not in words
    assert "&lt;b&gt;html" in words


@pytest.fixture
def told(monkeypatch: pytest.MonkeyPatch) -> list[Content]:
    """What the page would tell in a report."""
    found: list[Content] = []
    monkeypatch.setattr(downloads, "button", lambda make, _name: found.append(make()))
    return found


def drawn(app: AppTest) -> dict[str, tuple[str, str]]:
    """Colour and shape of each class in the map, by what its legend says."""
    traces = charts(app)["map_0"]["data"]
    return {
        one["name"].rsplit(" (", 1)[0]: (one["marker"]["color"], one["marker"]["symbol"])
        for one in traces
    }


def test_chosen_classes_stand_out_on_map_plane_and_in_the_report_and_belong_to_the_link(
    home: Path, open_app: OpenApp, told: list[Content]
) -> None:
    dataset = keep("letters", LETTERS)
    app = open_app(dataset=dataset, model="tiny-dense").switch_page(latent_pages.PAGE).run()
    assert not app.exception
    assert len(drawn(app)) == 11
    chosen = next(box for box in app.multiselect if box.label == "In colour (class)")
    chosen.set_value([LETTERS[3], LETTERS[40]]).run()
    assert not app.exception
    assert list(drawn(app)) == ["others", LETTERS[3], LETTERS[40]]
    assert app.query_params["highlight"] == [LETTERS[3], LETTERS[40]]
    series = told[-1].figures[0].chart.series
    assert {one.name: (one.colour, one.shape) for one in series} == drawn(app)
    points_of_plane = component(app, "plane_selection")
    n = points_of_plane.header["n"]
    colours = np.frombuffer(points_of_plane.body, np.uint8, 3 * n, 4 * n).reshape(n, 3)
    seen = {f"#{bytes(one).hex()}" for one in np.unique(colours, axis=0).tolist()}
    assert seen == {colour for colour, _ in drawn(app).values()}


def test_many_classes_are_searched_in_a_list_where_images_are_chosen(
    home: Path, open_app: OpenApp
) -> None:
    app = open_app(dataset=keep("letters", LETTERS), model="tiny-dense")
    box = next(box for box in app.multiselect if box.label == "Classes")
    box.set_value([LETTERS[40]]).run()
    assert not app.exception
    assert app.query_params["classes"] in (LETTERS[40], [LETTERS[40]])


def test_map_of_strange_names_is_drawn(home: Path, open_app: OpenApp) -> None:
    dataset = keep("odd", ODD, 4)
    app = open_app(dataset=dataset, model="tiny-dense").switch_page(latent_pages.PAGE).run()
    assert not app.exception
    assert len(drawn(app)) == 4
    assert not [box for box in app.multiselect if box.label.startswith("In colour")]
