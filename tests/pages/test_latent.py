"""The Latent space page, run without a browser."""

import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import streamlit as st
from streamlit.testing.v1 import AppTest

from core import checkpoints, metrics
from core.data import catalogue
from core.images.imagesets import ImageSet, joined
from core.inference import Autoencoder
from core.latent import geometry, structure, walks
from core.reviews import Decision, now
from pages.ui import cache, progress
from pages.ui.latent.map import NEXT
from tests.core.models_for_tests import tiny_document, tiny_tensors
from tests.pages import latent_pages
from tests.pages.latent_pages import bright, charts, component, components, drawn_points, tiles
from tests.pages.tiny_models import DIGITS
from tests.pages.unpacking import unpacked

OpenPage = Callable[..., AppTest]


@pytest.fixture
def open_page(open_app: Callable[..., AppTest], only_tiny_models: Path) -> OpenPage:
    """A function that opens the page by a link; tiny-vae, with codes of two numbers, is there."""
    document = tiny_document("vae", DIGITS)
    path = only_tiny_models / "tiny-vae.safetensors"
    checkpoints.save(path, document, tiny_tensors(document, seed=3))

    def opened(**link: str) -> AppTest:
        app = open_app(**({"model": "tiny-dense"} | link))
        return app.switch_page(latent_pages.PAGE).run()

    return opened


def digits() -> ImageSet:
    return catalogue.load("mnist-5k")


def said(app: AppTest) -> str:
    return " ".join(caption.value for caption in app.caption)


def select(app: AppTest, ids: list[str]) -> AppTest:
    app.session_state["selected_ids"] = tuple(ids)
    return app.run()


def test_page_opened_draws_every_test_image_by_pca_and_says_what_that_keeps(
    open_page: OpenPage,
) -> None:
    app = open_page()
    assert not app.exception
    assert not app.error
    z = Autoencoder.load("tiny-dense").encode(digits().pixels())
    axes = geometry.plane(z)
    points = drawn_points(charts(app)["map_0"])
    places = np.array([points[name] for name in digits().ids.tolist()])
    np.testing.assert_allclose(places, axes.coordinates(z), rtol=1e-3, atol=1e-4)
    trust = structure.trustworthiness(z, places)
    assert f"PCA keeps {axes.shares.sum():.0%} of the variance" in said(app)
    assert f"trustworthiness {trust:.2f}" in said(app)
    assert "All 1,000 images" in said(app)


def test_code_of_two_numbers_is_drawn_as_it_is_and_offers_no_projection(
    open_page: OpenPage,
) -> None:
    app = open_page(model="tiny-vae")
    z = Autoencoder.load("tiny-vae").encode(digits().pixels())
    points = drawn_points(charts(app)["map_0"])
    places = np.array([points[name] for name in digits().ids.tolist()])
    np.testing.assert_allclose(places, z, rtol=1e-4, atol=1e-5)
    assert "The code is drawn as it is" in said(app)
    assert "Map" not in [box.label for box in app.selectbox]


@pytest.mark.parametrize("colour", ["class", "error", "percentile", "cluster"])
def test_point_image_and_code_belong_together_in_every_colour_of_a_sample_with_both_parts(
    open_page: OpenPage, colour: str
) -> None:
    app = open_page(model="tiny-vae", colour=colour, points="500", sample="3", rings="true")
    assert not app.exception
    points = drawn_points(charts(app)["map_0"])
    every = joined(digits(), catalogue.load("mnist-5k", "train"))
    assert len(points) == 1000
    assert sum(name in digits() for name in points) == 500
    chosen = every.take(every.positions(list(points)))
    z = Autoencoder.load("tiny-vae").encode(chosen.pixels())
    np.testing.assert_allclose(np.array(list(points.values())), z, rtol=1e-4, atol=1e-5)
    if colour == "class":
        for trace in charts(app)["map_0"]["data"]:
            label = trace["name"][0]
            assert {every.label_name(i) for i in every.positions(trace["customdata"])} == {label}
            assert trace["name"].endswith(f"({len(trace['customdata'])})")
    if colour == "error":
        errors = Autoencoder.load("tiny-vae").errors(chosen.pixels())
        of = dict(zip(points, errors, strict=True))
        for trace in charts(app)["map_0"]["data"]:
            drawn = latent_pages.values(trace["marker"]["color"])
            np.testing.assert_allclose(drawn, [of[i] for i in trace["customdata"]], rtol=1e-3)


def test_other_part_is_drawn_as_rings_under_the_first(open_page: OpenPage) -> None:
    app = open_page(points="500", rings="true")
    shapes = [trace["marker"]["symbol"] for trace in charts(app)["map_0"]["data"]]
    assert shapes == ["circle-open"] * 10 + ["circle"] * 10
    assert "Showing 1,000 of 5,000, stratified, seed 0" in said(app)
    assert "Rings: 500 train images. All 4,000 train images were in its training" in said(app)


def test_link_brings_back_model_map_colour_and_section(open_page: OpenPage) -> None:
    app = open_page(model="tiny-pca", map="tsne", colour="percentile", section="along", versus="x")
    assert app.query_params["map"] == "tsne"
    assert app.query_params["colour"] == "percentile"
    assert app.query_params["section"] == "along"
    assert "versus" not in app.query_params
    assert charts(app)["map_0"]["data"][0]["marker"]["colorbar"]["title"]["text"] == (
        "error percentile"
    )
    assert any(box.label == "Direction" for box in app.selectbox)


def test_link_that_puts_a_model_beside_itself_is_no_lost_name(open_page: OpenPage) -> None:
    app = open_page(model="tiny-pca", versus="tiny-pca")
    assert not app.exception
    assert not app.warning
    assert "versus" not in app.query_params
    assert any(
        "tiny-gone" in one.value.replace("\\", "") for one in open_page(versus="tiny-gone").warning
    )


def test_link_with_unknown_names_falls_back_to_what_there_is(open_page: OpenPage) -> None:
    app = open_page(map="<b>", colour="factor:none", section="../x", sample="-1", walk_to="nobody")
    assert not app.exception
    assert "PCA keeps" in said(app)


# Selection


def test_selection_stands_out_on_the_map_and_appears_as_originals_beside_reconstructions(
    open_page: OpenPage,
) -> None:
    app = open_page()
    ids = digits().ids[[5, 900, 41]].tolist()
    app = select(app, ids)
    assert bright(charts(app)["map_0"]) == set(ids)
    sent = component(app, "gallery")
    shown = [item["id"] for item in sent.header["items"]]
    assert sorted(shown) == sorted(ids)
    pictures = tiles(sent.body, sent.header["tile"], sent.header["across"], 3)
    model = Autoencoder.load("tiny-dense")
    for name, picture, item in zip(shown, pictures, sent.header["items"], strict=True):
        at = digits().positions([name])
        x = digits().pixels(at)
        assert (picture[:, :28, 0] == digits().images[at[0], 0]).all()
        x_hat = 255 * np.clip(model.reconstruct(x)[0, 0], 0, 1)
        assert np.abs(picture[:, 28:, 0] - x_hat).max() <= 1
        assert item["lines"][0] == digits().label_name(int(at[0]))
        assert f"MSE {model.errors(x)[0]:.4f}" in item["lines"][1]


def test_nothing_selected_says_how_to_select(open_page: OpenPage) -> None:
    app = open_page()
    assert "Draw a lasso" in app.info[0].value
    assert bright(charts(app)["map_0"]) is None


def test_cleared_selection_leaves_no_point_faded(open_page: OpenPage) -> None:
    app = select(open_page(), digits().ids[:4].tolist())
    next(button for button in app.button if button.label == "Clear").click()
    app.run()
    assert bright(charts(app)["map_0"]) is None
    assert not components(app, "gallery")


def test_selected_images_of_other_sets_are_counted_and_left_out(open_page: OpenPage) -> None:
    app = select(open_page(), ["shapes/test/00001", *digits().ids[:2].tolist()])
    assert not app.exception
    assert "1 of the selected images are not on this map" in said(app)
    assert len(component(app, "gallery").header["items"]) == 2


def test_many_selected_images_come_page_by_page(open_page: OpenPage) -> None:
    app = select(open_page(), digits().ids[:130].tolist())
    assert len(component(app, "gallery").header["items"]) == 60
    assert "130 of 1,000 images" in said(app)


def test_worst_rebuilt_images_come_first_when_asked(open_page: OpenPage) -> None:
    app = select(open_page(), digits().ids[:9].tolist())
    next(box for box in app.selectbox if box.label == "Order").select("worst rebuilt first").run()
    shown = [item["id"] for item in component(app, "gallery").header["items"]]
    x = digits().pixels(digits().positions(shown))
    errors = Autoencoder.load("tiny-dense").errors(x)
    assert (np.diff(errors) <= 0).all()


def test_map_is_not_sent_anew_by_a_rerun_that_changes_nothing(open_page: OpenPage) -> None:
    app = open_page()
    before = app.get("plotly_chart")[0].proto
    again = app.run().get("plotly_chart")[0].proto
    assert (before.id, before.spec) == (again.id, again.spec)


def test_image_under_the_pointer_is_that_of_the_point_also_in_a_sample_of_both_parts(
    open_page: OpenPage,
) -> None:
    app = open_page(points="500", rings="true")
    sent = component(app, "peek")
    every = joined(digits(), catalogue.load("mnist-5k", "train"))
    assert set(sent.header["ids"]) == set(drawn_points(charts(app)["map_0"]))
    assert sent.header["charts"] == ["map_0"]
    chosen = every.take(every.positions(sent.header["ids"]))
    pictures = tiles(sent.body, sent.header["tile"], sent.header["across"], 1000)[..., 0]
    far_off = np.abs(pictures - chosen.images[:, 0].astype(float)).mean(axis=(1, 2))
    assert far_off.max() < 16  # a lossy picture of it; two different digits differ by 60


# The plane


def test_plane_holds_what_the_model_decodes_and_the_nearest_images(open_page: OpenPage) -> None:
    app = open_page(model="tiny-vae")
    sent = component(app, "plane")
    size = sent.header["size"]
    assert size >= 40
    model = Autoencoder.load("tiny-vae")
    z = model.encode(digits().pixels())
    sheet = sent.part("decoded").tobytes()
    decoded = tiles(sheet, sent.header["tile"], size, size * size)[..., 0]
    known = digits().take(digits().positions(sent.header["ids"]))
    side = sent.header["image"]
    pictures = tiles(sent.part("thumbnails").tobytes(), side, sent.header["across"], len(known))[
        ..., 0
    ]
    assert np.abs(pictures - known.images[:, 0].astype(float)).mean() < 6  # a lossy picture
    for row, column in ((0, 0), (10, 30), (size - 1, 7)):
        code = np.array([[sent.header["xs"][column], sent.header["ys"][row]]], np.float32)
        expected = 255 * np.clip(model.decode(code)[0, 0], 0, 1)
        picture = decoded[(size - 1 - row) * size + column]  # the highest row comes first
        assert np.abs(picture - expected).mean() < 6
        nearest = np.linalg.norm(z - code, axis=1).argmin()
        which = sent.part("which")[row * size + column]
        assert sent.header["ids"][which] == digits().ids[nearest]
        distance = sent.part("distance")[row * size + column]
        assert distance == pytest.approx(np.linalg.norm(z - code, axis=1).min(), abs=1e-3)


def test_plane_points_stand_where_their_codes_lie(open_page: OpenPage) -> None:
    app = open_page(model="tiny-vae")
    sent = component(app, "plane")
    shares = plane_points(app)
    ticks = np.linspace(0, 1, sent.header["size"])
    z = Autoencoder.load("tiny-vae").encode(digits().pixels())
    back = [np.interp(shares[:, i], ticks, sent.header[name]) for i, name in ((0, "xs"), (1, "ys"))]
    np.testing.assert_allclose(np.stack(back, axis=1), z, atol=2e-3 * np.ptp(z))  # type: ignore[call-overload]


def plane_points(app: AppTest) -> np.ndarray:
    """Shares (n, 2) of the way through the plane."""
    sent = component(app, "plane_selection")
    return np.frombuffer(sent.body, "<u2", 2 * sent.header["n"]).reshape(-1, 2) / 65535


def test_other_sample_lies_on_the_same_axes_and_the_same_plane(open_page: OpenPage) -> None:
    one, other = (open_page(split="train", points="500", sample=seed) for seed in "05")
    assert component(one, "plane").header == component(other, "plane").header
    points = drawn_points(charts(other)["map_0"])
    assert points.keys() != drawn_points(charts(one)["map_0"]).keys()
    every = catalogue.load("mnist-5k", "train")
    model = Autoencoder.load("tiny-dense")
    first = every.take(geometry.stratified(every.labels, len(every), 500, 0))
    axes = geometry.plane(model.encode(first.pixels()))
    z = model.encode(every.pixels(every.positions(list(points))))
    expected = axes.coordinates(z)
    np.testing.assert_allclose(np.array(list(points.values())), expected, rtol=1e-3, atol=1e-4)
    assert len(plane_points(other)) == 500
    assert "sample with seed 0" in said(other)
    assert "sample with seed 0" not in said(one)


def test_seed_changes_nothing_where_all_images_are_shown(open_page: OpenPage) -> None:
    one, other = (open_page(sample=seed) for seed in "05")
    assert charts(one)["map_0"]["data"] == charts(other)["map_0"]["data"]
    assert "sample with seed 0" not in said(other)


def test_image_of_the_plane_that_is_no_point_of_the_map_opens_too(open_page: OpenPage) -> None:
    app = open_page(split="train", points="500", sample="5")
    on_map = drawn_points(charts(app)["map_0"])
    known = component(app, "plane").header["ids"]
    app.session_state[NEXT] = next(name for name in known if name not in on_map)
    app.run()
    assert not app.exception
    assert "This image is not a point of this map" in said(app)


def test_codes_outlive_the_server(open_page: OpenPage, monkeypatch: pytest.MonkeyPatch) -> None:
    before = drawn_points(charts(open_page())["map_0"])
    st.cache_resource.clear()

    def encode_again(self: Autoencoder, x: np.ndarray) -> np.ndarray:
        raise AssertionError(f"{len(x)} images were encoded a second time")

    monkeypatch.setattr(Autoencoder, "encode", encode_again)
    assert drawn_points(charts(open_page())["map_0"]) == before


def test_plane_of_a_longer_code_says_that_it_is_the_principal_one(open_page: OpenPage) -> None:
    app = open_page()
    assert "first two principal directions through the mean code" in said(app)
    assert "of the variance" in component(app, "plane").header["axes"][0]


# Walks


def test_walk_begins_and_ends_with_what_the_model_makes_of_the_two_images(
    open_page: OpenPage,
) -> None:
    first, last = digits().ids[[3, 8]].tolist()
    app = open_page(model="tiny-vae", section="between", walk_from=first, walk_to=last)
    sweep = unpacked(_sweep(app))
    x = digits().pixels(digits().positions([first, last]))
    x_hat = Autoencoder.load("tiny-vae").reconstruct(x)
    frames = [sweep.pictures(0, frame) for frame in (0, len(sweep.header["values"]) - 1)]
    assert [cell["id"] for cell in sweep.header["cells"]] == [first, first, first, last]
    for way in (1, 2):  # straight, and on the arc
        np.testing.assert_allclose(frames[0][way], x_hat[0], atol=0.01)
        np.testing.assert_allclose(frames[1][way], x_hat[1], atol=0.01)
    np.testing.assert_allclose(frames[0][[0, 3]], x, atol=0.01)
    errors = Autoencoder.load("tiny-vae").errors(np.concatenate([x, x_hat]))
    np.testing.assert_allclose(sweep.numbers(0)[0], errors[[0, 2, 2, 1]], rtol=1e-3)


def test_arc_is_offered_only_where_there_is_a_prior_around_0(open_page: OpenPage) -> None:
    words = [
        [cell["text"] for cell in unpacked(_sweep(app)).header["cells"]][1:-1]
        for app in (open_page(section="between"), open_page(model="tiny-vae", section="between"))
    ]
    assert words == [["straight line"], ["straight line", "arc around 0"]]


def test_travel_moves_the_selected_images_along_the_direction(open_page: OpenPage) -> None:
    app = open_page(section="along", direction="z2")
    ids = digits().ids[[7, 70, 700]].tolist()
    sweep = unpacked(_sweep(select(app, ids)))
    assert [cell["id"] for cell in sweep.header["cells"]] == ids
    model = Autoencoder.load("tiny-dense")
    every = model.encode(digits().pixels())
    direction = walks.along_coordinate(3, 2)
    values = walks.data_range(every, direction, len(sweep.header["values"]))
    np.testing.assert_allclose(sweep.header["values"], values, atol=1e-4)
    moved = every[[7, 70, 700]].copy()
    moved[:, 2] = values[5]
    np.testing.assert_allclose(sweep.pictures(0, 5), model.decode(moved), atol=0.01)
    x = digits().pixels([7, 70, 700])
    np.testing.assert_allclose(sweep.numbers(0)[5], metrics.mse(x, model.decode(moved)), rtol=1e-3)


# Two models


def test_second_model_has_its_own_map_with_the_same_selection(open_page: OpenPage) -> None:
    app = select(open_page(versus="tiny-vae"), digits().ids[:6].tolist())
    found = charts(app)
    assert list(found) == ["map_0", "map_1"]
    assert bright(found["map_0"]) == bright(found["map_1"]) == set(digits().ids[:6].tolist())
    z = Autoencoder.load("tiny-vae").encode(digits().pixels([0]))
    place = drawn_points(found["map_1"])[str(digits().ids[0])]
    np.testing.assert_allclose(place, z[0], rtol=1e-4, atol=1e-5)
    headings = " ".join(one.value for one in app.markdown)
    assert "tiny\\-dense" in headings
    assert "tiny\\-vae" in headings


# What takes a while


def test_map_that_a_link_asks_for_is_computed_and_then_there(
    open_page: OpenPage, monkeypatch: pytest.MonkeyPatch
) -> None:
    def places(z: np.ndarray, method: str, seed: int, tell: Callable[..., None]) -> np.ndarray:
        tell(1, 2)
        assert (method, seed) == ("pacmap", 5)
        return z[:, [2, 0]]

    monkeypatch.setattr("pages.ui.latent.jobs.project_apart", places)
    app = open_page(map="pacmap", sample="5")  # which begins it, without another click
    for job in list(progress.jobs()._jobs.values()):
        job.wait(20)
    app.run()
    z = Autoencoder.load("tiny-dense").encode(digits().pixels())
    points = drawn_points(charts(app)["map_0"])
    drawn = np.array([points[name] for name in digits().ids.tolist()])
    np.testing.assert_allclose(drawn, z[:, [2, 0]], rtol=1e-4, atol=1e-5)
    assert "PaCMAP, trustworthiness" in said(app)
    progress.jobs()._jobs.clear()  # as after a restart of the server: the disk has it
    assert "PaCMAP, trustworthiness" in said(open_page(map="pacmap", sample="5"))


def test_map_that_was_cancelled_or_takes_very_long_waits_for_a_click(
    open_page: OpenPage, monkeypatch: pytest.MonkeyPatch
) -> None:
    def endless(*asked: Any) -> np.ndarray:
        while True:
            asked[-1](1, 3)
            time.sleep(0.01)

    monkeypatch.setattr("pages.ui.latent.jobs.project_apart", endless)
    app = open_page(map="pacmap", sample="7")
    assert "PaCMAP of these codes is not computed yet. Until it is, their PCA is shown" in said(app)
    next(button for button in app.button if button.label == "Cancel").click()
    app.run()
    assert not [button for button in app.button if button.label == "Cancel"]
    assert any(button.label.startswith("Draw PaCMAP (about") for button in app.button)
    monkeypatch.setattr("pages.ui.latent.drawing.AT_MOST", 0)
    app = open_page(map="pacmap", sample="8")
    assert not [button for button in app.button if button.label == "Cancel"]
    assert any(button.label.startswith("Draw PaCMAP (about") for button in app.button)


def test_map_that_fails_says_why_and_can_be_asked_for_again(
    open_page: OpenPage, monkeypatch: pytest.MonkeyPatch
) -> None:
    from core.config import OptionError

    def fail(*_: object) -> np.ndarray:
        raise OptionError("Too *few* codes.")

    monkeypatch.setattr("pages.ui.latent.jobs.project_apart", fail)
    app = open_page(map="tsne", sample="6")
    for job in list(progress.jobs()._jobs.values()):
        job.wait(20)
    app.run()
    assert "Too \\*few\\* codes" in app.error[0].value
    assert any(button.label.startswith("Draw t-SNE") for button in app.button)


def test_numbers_are_measured_when_asked_and_shown_beside_pixels_and_pca(
    open_page: OpenPage,
) -> None:
    app = open_page(section="numbers", points="500")
    next(button for button in app.button if button.label == "Measure").click()
    app.run()
    for job in list(progress.jobs()._jobs.values()):
        job.wait(120)
    app.run()
    table = app.dataframe[0].value
    assert table["space"].tolist() == ["codes of tiny-dense", "raw pixels", "PCA of the same size"]
    assert table["size"].tolist() == [3, 784, 3]
    images = digits()
    chosen = images.take(geometry.stratified(images.labels, 1000, 500, 0))
    assert chosen.labels is not None
    z = Autoencoder.load("tiny-dense").encode(chosen.pixels())
    assert table["silhouette"][0] == pytest.approx(structure.silhouette(z, chosen.labels), rel=1e-3)
    text = " ".join(one.value for one in app.markdown)
    assert all(name in text for name in ("Silhouette", "Homogeneity", "Adjusted Rand", "k-NN"))


# Review decisions


def test_colour_by_review_decision_is_there_once_something_was_decided(
    open_page: OpenPage,
) -> None:
    app = open_page()
    colours = next(box for box in app.selectbox if box.label == "Colour").options
    assert "review decision" not in colours
    strange, plain = digits().ids[:2].tolist()
    made = [
        Decision(f"{i}", "mnist-5k", image, "tiny-dense", "ann", verdict, "", now())  # type: ignore[arg-type]
        for i, (image, verdict) in enumerate(((strange, "outlier"), (plain, "normal")))
    ]
    cache.reviews().record(made)
    try:
        app = open_page(colour="review")
        traces = {trace["name"]: trace for trace in charts(app)["map_0"]["data"]}
        assert traces["outlier (1)"]["customdata"] == [strange]
        assert traces["normal (1)"]["customdata"] == [plain]
        assert len(traces["not reviewed (998)"]["customdata"]) == 998
    finally:
        taken_back = [
            Decision(f"x{i}", "mnist-5k", one.image, "tiny-dense", "ann", "", "", now())
            for i, one in enumerate(made)
        ]
        cache.reviews().record(taken_back)


def test_known_factors_colour_the_shapes(open_page: OpenPage, only_tiny_models: Path) -> None:
    document = tiny_document("pca", (3, 64, 64), dataset="shapes")
    path = only_tiny_models / "tiny-shapes.safetensors"
    checkpoints.save(path, document, tiny_tensors(document))
    app = open_page(dataset="shapes", model="tiny-shapes", colour="factor:defect", points="500")
    assert not app.exception
    images = catalogue.load("shapes")
    assert images.factors is not None
    for trace in charts(app)["map_0"]["data"]:
        known = images.factors["defect"][images.positions(trace["customdata"])]
        assert set(known) == {trace["name"].rsplit(" ", 1)[0]}


def _sweep(app: AppTest) -> bytes:
    (found,) = [
        one.proto.bytes
        for one in app.get("bidi_component")
        if one.proto.component_name.endswith("hourglass_sweep")
    ]
    return bytes(found)
