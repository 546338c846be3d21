"""Links: whatever they say the app opens; what they say is kept from page to page."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from streamlit.testing.v1 import AppTest

from core.data import catalogue
from pages.ui.learn import steps as learn_steps
from pages.ui.learn import wrong
from pages.ui.session import link_names, links, registry
from pages.ui.session.state import Refused
from tests.pages import conftest, latent_pages
from tests.pages.test_learn import save_named_models
from tests.pages.tiny_models import save_tiny_models
from tests.pages.unpacking import components, unpacked

OpenApp = Callable[..., AppTest]
PAGES = tuple(page.name for page in registry.PAGES if page.name != "learn")
NAMES = (*link_names.LINK_NAMES, *(f"{family}mse" for family in link_names.FAMILIES))
QUICK = {"points": "500", "measured": "200"}  # of what takes a while
HOSTILE = (
    "", " ", "none", "None", "nan", "inf", "-1", "1e999", "0x10", "99999999999999999999", "true",
    "<script>alert(1)</script>", "../../etc/passwd", "%00", "\u202e", "'; drop table", "a" * 5000,
    "[]", "{}", "zip:/nowhere", "**bold** :red[x]",
)  # fmt: skip


def opened(open_app: OpenApp, page: str, link: dict[str, Any]) -> AppTest:
    """A page by a link."""
    app = open_app(**QUICK | link)
    return app if page == "reconstruct" else app.switch_page(f"pages/{page}.py").run()


def warned(app: AppTest) -> str:
    return " ".join(one.value for one in app.warning)


def nonsense(first: int) -> dict[str, str]:
    """Something hostile under every name."""
    return {name: HOSTILE[(first + i) % len(HOSTILE)] for i, name in enumerate(NAMES)}


@pytest.mark.parametrize("page", PAGES)
@pytest.mark.parametrize("first", [0, 7, 14])
def test_link_with_nonsense_in_every_name_opens_the_page_as_if_it_said_nothing(
    open_app: OpenApp, page: str, first: int
) -> None:
    app = opened(open_app, page, nonsense(first) | QUICK)
    assert not app.exception
    assert not app.error
    assert app.session_state["dataset"] == "mnist-5k"
    assert app.session_state["model"] == "tiny-denoising"


# What makes more of a view appear.
MORE = {"classes": {"truth": "planted"}, "review": {"threshold": "fixed"}}
SECTIONS = tuple(
    (page.name, views.open(name) | MORE.get(name, {}))
    for page in registry.PAGES
    if page.name != "learn"  # its steps need other models
    for views in page.views
    for name in views.names[1:]
)


@pytest.mark.parametrize(("page", "section"), SECTIONS)
def test_section_opened_by_a_link_with_nonsense_in_all_other_names_is_drawn(
    open_app: OpenApp, page: str, section: dict[str, str]
) -> None:
    app = opened(open_app, page, nonsense(3) | QUICK | section)
    assert not app.exception
    assert not app.error


def test_link_brings_back_where_a_walk_stood_between_its_two_images(open_app: OpenApp) -> None:
    first, last = catalogue.load("mnist-5k").ids[[30, 80]].tolist()
    link = {"section": "between", "walk_from": first, "walk_to": last, "walk_at": "0.25"}
    app = opened(open_app, "latent", link | {"points": "2000"})
    assert {name: app.query_params[name] for name in link} == link
    sweep = latent_pages.component(app, "sweep").header
    assert sweep["start"] == 0.25
    assert [cell["id"] for cell in sweep["cells"]] == [first, first, last]


def test_link_brings_back_where_a_travel_along_a_direction_stood(open_app: OpenApp) -> None:
    app = opened(open_app, "latent", {"section": "along", "direction": "z1"})
    assert "along_at" not in app.query_params
    values = latent_pages.component(app, "sweep").header["values"]
    link = {"section": "along", "direction": "z1", "along_at": str(values[7])}
    again = opened(open_app, "latent", link)
    assert {name: again.query_params[name] for name in link} == link
    assert latent_pages.component(again, "sweep").header["start"] == values[7]


def test_link_brings_back_the_place_that_was_pinned_on_the_plane(open_app: OpenApp) -> None:
    app = opened(open_app, "latent", {})
    assert "plane_at" not in app.query_params
    header = latent_pages.component(app, "plane").header
    place = [header["xs"][9], header["ys"][30]]
    again = opened(open_app, "latent", {"plane_at": f"{place[0] + 1e-4},{place[1]}"})
    assert latent_pages.component(again, "plane").header["pinned"] == place
    assert again.query_params["plane_at"] == f"{place[0]},{place[1]}"


def test_place_pinned_on_the_plane_of_one_model_is_none_of_another(open_app: OpenApp) -> None:
    app = opened(open_app, "latent", {"model": "tiny-dense", "plane_at": "0.1,0.1"})
    assert "plane_at" in app.query_params
    app.selectbox(key="model").set_value("tiny-pca").run()
    assert "plane_at" not in app.query_params


def test_place_pinned_on_the_plane_is_still_there_after_another_page(open_app: OpenApp) -> None:
    app = opened(open_app, "latent", {"model": "tiny-dense", "plane_at": "0.1,0.1"})
    place = app.query_params["plane_at"]
    for page in ("train", "latent"):
        app.query_params.clear()  # as the browser does when a page is left through the menu
        app.switch_page(f"pages/{page}.py").run()
    assert app.query_params["plane_at"] == place
    pinned = latent_pages.component(app, "plane").header["pinned"]
    assert pinned == [float(part) for part in place.split(",")]


def begin_at(value: float, shown: bool) -> None:
    """A page with a part that begins somewhere."""
    import streamlit as st

    from pages.ui.session import state

    if shown:
        st.text(state.on_appearance("part", value))
        st.toggle("part", key="part")


def test_start_of_a_part_stays_until_the_part_has_gone_and_come_again() -> None:
    app = AppTest.from_function(begin_at, args=(1.0, True)).run()
    begun = []
    for value, shown in ((1.0, True), (2.0, True), (2.0, False), (3.0, True), (4.0, True)):
        app.args = (value, shown)
        app.run()
        begun.append(app.text[0].value if shown else "")
    assert begun == ["1.0", "1.0", "", "3.0", "3.0"]


LEARN_SLIDERS = (("1", "squeeze", "-1.0"), ("2", "linear", "3.0"))


@pytest.mark.parametrize(("step", "name", "value"), LEARN_SLIDERS)
def test_link_brings_back_where_a_slider_of_learn_stood(
    open_app: OpenApp, only_tiny_models: Path, step: str, name: str, value: str
) -> None:
    save_named_models(only_tiny_models)
    app = opened(open_app, "learn", {"step": step, name: value})
    assert app.query_params[name] == value
    (sweep,) = components(app)
    assert unpacked(sweep.proto.bytes).header["start"] == float(value)


def test_link_names_the_model_that_is_managed(open_app: OpenApp) -> None:
    link = {"your": "models", "managed_model": "tiny-pca"}
    app = opened(open_app, "your_images", link)
    assert app.selectbox(key="managed_model").value == "tiny-pca"
    assert app.query_params["managed_model"] == "tiny-pca"
    app.selectbox(key="managed_model").set_value("tiny-dense").run()
    assert app.query_params["managed_model"] == "tiny-dense"


@pytest.mark.parametrize("way", registry.WAYS.names)
def test_link_opens_the_way_images_are_handed_over(open_app: OpenApp, way: str) -> None:
    app = opened(open_app, "your_images", {"way": way})
    assert app.session_state["way"] == way
    assert ("way" in app.query_params) == (way != "files")


CHOICES: tuple[tuple[str, dict[str, str], str, Any, Any], ...] = (
    ("robustness", {"robust_view": "Size"}, "size_families", ["conv"], "conv"),
    ("robustness", {"robust_view": "Size"}, "size_families", [], "none"),
    ("robustness", {"robust_view": "Size"}, "size_latent_dims", [2, 128], ["2", "128"]),
    ("robustness", {"robust_view": "Models"}, "ticked_models", ["tiny-pca"], "tiny-pca"),
    ("outliers", {"section_outliers": "classes"}, "class_shown", "7", "7"),
)


@pytest.mark.parametrize(("page", "place", "name", "chosen", "written"), CHOICES)
def test_choice_on_a_page_is_in_its_link_and_comes_back_by_it(
    open_app: OpenApp, page: str, place: dict[str, str], name: str, chosen: Any, written: Any
) -> None:
    app = opened(open_app, page, {"model": "tiny-dense"} | place)
    assert name not in app.query_params
    app.session_state[name] = chosen
    link = dict(app.run().query_params)
    assert link[name] == written
    again = opened(open_app, page, link)
    assert not again.exception
    assert again.session_state[name] == chosen
    assert dict(again.query_params) == link


def test_link_opens_the_flagged_images_at_a_page_and_with_an_overlay(open_app: OpenApp) -> None:
    link = {"rate": "10.0", "flagged_page": "2", "opacity": "0.2"}
    app = opened(open_app, "outliers", {"model": "tiny-dense"} | link)
    (sweep,) = components(app)
    header = unpacked(sweep.proto.bytes).header
    assert header["start"] == 0.2
    first = opened(open_app, "outliers", {"model": "tiny-dense", "rate": "10.0"})
    (other,) = components(first)
    ids = [cell["id"] for cell in unpacked(other.proto.bytes).header["cells"]]
    assert not {cell["id"] for cell in header["cells"]} & set(ids)
    assert {name: app.query_params[name] for name in link} == link


STEPS = [{"step": step.name} for step in learn_steps.ALL]
CARDS = [{"step": "wrong", "card": name} for name in wrong.CARDS]


@pytest.mark.parametrize("first", [0, 11])
@pytest.mark.parametrize("step", [{}, *STEPS, *CARDS], ids=lambda step: "-".join(step.values()))
def test_step_of_learn_opened_by_a_link_with_nonsense_in_all_other_names_is_drawn(
    open_app: OpenApp, only_tiny_models: Path, step: dict[str, str], first: int
) -> None:
    save_named_models(only_tiny_models)
    app = opened(open_app, "learn", nonsense(first) | step)
    assert not app.exception
    assert not app.error
    assert app.session_state["step"] == step.get("step", "1")


@settings(max_examples=8)
@given(
    st.dictionaries(st.sampled_from(NAMES), st.lists(st.text(max_size=20), min_size=1), min_size=1)
)
def test_any_link_opens_the_first_page_without_an_exception(
    visitor: OpenApp, link: dict[str, list[str]]
) -> None:
    assert not visitor(**link).exception


@pytest.fixture(scope="module")
def visitor(tmp_path_factory: pytest.TempPathFactory) -> Iterator[OpenApp]:
    """open_app() for many examples in one test."""
    folder = tmp_path_factory.mktemp("visitor")
    save_tiny_models(folder)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("HOURGLASS_CHECKPOINTS", str(folder))
        patch.setattr("core.checkpoints.shipped_checkpoints_dir", lambda: folder / "shipped")
        conftest.visit_before(patch)
        yield conftest.opened


NOISE = {"noise": "salt and pepper", "mu": "0.2", "clip": "true", "seed": "7", "sigma": "0.3"}


@pytest.mark.parametrize("away", ["latent", "train"])
def test_noise_set_on_one_page_is_there_on_the_others_after_a_page_that_knows_none(
    open_app: OpenApp, away: str
) -> None:
    app = opened(open_app, away, NOISE)
    app.query_params.clear()  # as the browser does when a page is left through the menu
    app.switch_page("pages/robustness.py").run()
    assert {name: app.session_state[name] for name in NOISE} == {
        "noise": "salt and pepper", "mu": 0.2, "clip": True, "seed": 7, "sigma": 0.3,
    }  # fmt: skip
    assert {name: app.query_params[name] for name in NOISE} == NOISE


def test_page_entered_by_a_link_shows_what_the_link_says_not_what_is_remembered(
    open_app: OpenApp,
) -> None:
    app = opened(open_app, "latent", {"seed": "7", "model": "tiny-pca"})
    app.query_params.clear()
    app.query_params["seed"] = "9"
    app.query_params["model"] = "tiny-dense"
    app.switch_page("pages/reconstruct.py").run()
    assert app.session_state["seed"] == 9
    assert app.session_state["model"] == "tiny-dense"


def test_link_that_names_a_checkpoint_that_is_not_here_says_so_until_another_is_chosen(
    open_app: OpenApp,
) -> None:
    app = open_app(model="lost <b>", compare=["tiny-pca", "gone"])
    assert "names the model “lost" in warned(app)
    assert "“gone”" in warned(app)
    assert "\\<b\\>" in warned(app)
    app.run()
    assert "lost" in warned(app)
    app.selectbox(key="model").set_value("tiny-pca").run()
    assert "lost" not in warned(app)


def test_choice_that_no_longer_fits_is_not_said_to_be_the_links_fault(open_app: OpenApp) -> None:
    app = open_app(model="tiny-pca", classes=["3"])
    app.selectbox(key="dataset").set_value("shapes").run()
    assert "This link" not in warned(app)


def test_small_selection_is_part_of_the_link_and_comes_back_by_it(open_app: OpenApp) -> None:
    ids = catalogue.load("mnist-5k").ids[[3, 5, 8]].tolist()
    app = open_app(selected=ids)
    assert app.session_state["selected_ids"] == tuple(ids)
    short = [name.removeprefix("mnist-5k/") for name in ids]
    assert app.query_params["selected"] == short
    again = open_app(selected=short, split="train")
    assert again.session_state["selected_ids"] == tuple(ids)
    assert not again.warning


def test_selection_in_a_link_that_names_lost_images_says_so_and_keeps_the_others(
    open_app: OpenApp,
) -> None:
    one = str(catalogue.load("mnist-5k").ids[0])
    app = open_app(selected=[one, "no-such-image"])
    assert app.session_state["selected_ids"] == (one,)
    assert "names the image “no\\-such\\-image”" in warned(app)


def test_selection_too_large_for_a_link_is_left_out_and_the_sidebar_says_so(
    open_app: OpenApp,
) -> None:
    app = open_app()
    app.session_state["selected_ids"] = tuple(catalogue.load("mnist-5k").ids[:41].tolist())
    app.run()
    assert "selected" not in app.query_params
    assert any("Too many for a link" in one.value for one in app.sidebar.caption)


def test_selection_cleared_on_the_page_stays_cleared(open_app: OpenApp) -> None:
    app = open_app(selected=[str(catalogue.load("mnist-5k").ids[0])])
    next(button for button in app.sidebar.button if button.label == "Clear").click().run()
    assert app.session_state["selected_ids"] == ()
    assert "selected" not in app.query_params
    assert app.run().session_state["selected_ids"] == ()


def test_selected_images_planted_or_of_another_set_are_taken_as_they_are(
    open_app: OpenApp,
) -> None:
    one = str(catalogue.load("mnist-5k").ids[0])
    app = open_app(selected=[f"{one}+noise", "shapes/test/00001"])
    assert app.session_state["selected_ids"] == (f"{one}+noise", "shapes/test/00001")


def test_shuffled_images_are_no_longer_when_another_data_set_is_chosen(open_app: OpenApp) -> None:
    app = open_app(shuffle="3", n="8")
    app.selectbox(key="dataset").set_value("shapes").run()
    assert "shuffle" not in app.query_params


def test_notes_name_a_few_of_many_once_a_kind() -> None:
    refused = [Refused("image", str(i), ()) for i in range(5)] + [Refused("model", "m", "x")]
    of_images, of_models = links.notes_of(refused)
    assert "“0”, “1”, “2” and 2 more" in of_images
    assert "the model “m”" in of_models
