"""The Latent space page in a real browser."""

import math
import re
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from PIL import Image

from core.data import catalogue
from core.inference import Autoencoder
from core.latent import geometry
from tests.e2e.conftest import Visit
from tests.pages.tiny_models import save_tiny_models

LINK = "model=tiny-dense"
CHART = ".st-key-map_0 .js-plotly-plot"
READ_CANVAS = """
(canvas) => {
  const { width, height } = canvas;
  const rgba = canvas.getContext("2d").getImageData(0, 0, width, height).data;
  return [height, width, Array.from(rgba.filter((_, k) => k % 4 === 0))];
}
"""
BRIGHT = """
(chart) => {
  const ids = (trace) => Array.from(trace.selectedpoints ?? [], (i) => trace.customdata[i]);
  return chart.data.some((trace) => trace.selectedpoints) ? chart.data.flatMap(ids) : null;
}
"""


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Autoencoder:
    """The projection as the server computes it."""
    folder = tmp_path_factory.mktemp("tiny")
    save_tiny_models(folder)
    return Autoencoder.load(folder / "tiny-dense.safetensors")


def open_latent(visit: Visit, server: str, link: str = LINK) -> Any:
    """The page, once its map and its plane are drawn."""
    visit.page.set_default_timeout(60_000)  # a crowded machine is slow, not wrong
    visit.page.goto(f"{server}/latent?{link}")
    visit.page.locator(".plane-root[data-id]").wait_for(timeout=60_000)
    visit.page.locator(f"{CHART} .gl-canvas").first.wait_for(timeout=60_000)
    visit.page.wait_for_function(f"document.querySelector('{CHART}')?._fullLayout?.xaxis?._length")
    return visit.page


def lasso(page: Any, centre: tuple[float, float], radius: float, chart: str = CHART) -> np.ndarray:
    """Drags a circle in shares of the chart; its corners in data coordinates, (n, 2)."""
    _settled(page, chart)
    box = page.locator(f"{chart} .nsewdrag").first.bounding_box()
    angles = np.linspace(0, 2 * math.pi, 25)
    shares = np.array(centre) + radius * np.stack([np.cos(angles), np.sin(angles)], axis=1)
    corners = [(box["x"] + box["width"] * x, box["y"] + box["height"] * y) for x, y in shares]
    page.mouse.move(*corners[0])
    page.mouse.down()
    for corner in corners[1:]:
        page.mouse.move(*corner)
    page.mouse.up()
    x_range, y_range = page.locator(chart).evaluate(
        "(chart) => [chart._fullLayout.xaxis.range, chart._fullLayout.yaxis.range]"
    )
    x = x_range[0] + shares[:, 0] * (x_range[1] - x_range[0])
    y = y_range[1] - shares[:, 1] * (y_range[1] - y_range[0])
    return np.stack([x, y], axis=1)


def inside(points: np.ndarray, corners: np.ndarray) -> np.ndarray:
    """Which points (n, 2) a polygon encloses, by how often a ray crosses it."""
    found = np.zeros(len(points), bool)
    for (x0, y0), (x1, y1) in zip(corners, np.roll(corners, -1, axis=0), strict=True):
        between = (y0 > points[:, 1]) != (y1 > points[:, 1])
        with np.errstate(divide="ignore", invalid="ignore"):
            crossing = x0 + (points[:, 1] - y0) / (y1 - y0) * (x1 - x0)
        found ^= between & (points[:, 0] < crossing)
    return found


def grid_ids(page: Any) -> list[str]:
    page.locator(".gallery-root[data-id]").first.wait_for(timeout=60_000)
    items = page.locator(".gallery-item")
    return [items.nth(i).get_attribute("data-id") for i in range(items.count())]


def canvas(locator: Any) -> np.ndarray:
    """What a canvas shows, its red: (h, w)."""
    h, w, red = locator.evaluate(READ_CANVAS)
    return np.array(red, float).reshape(h, w)


def n_selected(page: Any) -> int:
    text = page.get_by_test_id("stSidebar").get_by_text("selected").inner_text()
    return int(re.sub(r"\D", "", text))


def test_lasso_brings_the_very_images_it_encloses(
    visit: Visit, server: str, model: Autoencoder
) -> None:
    page = open_latent(visit, server)
    corners = lasso(page, (0.5, 0.5), 0.06)
    shown = grid_ids(page)
    images = catalogue.load("mnist-5k")
    points = geometry.plane(model.encode(images.pixels())).coordinates(
        model.encode(images.pixels())
    )
    enclosed = set(images.ids[inside(points, corners)].tolist())
    selected = set(page.locator(CHART).evaluate(BRIGHT))
    assert len(enclosed) > 10
    assert len(enclosed ^ selected) <= 0.02 * len(enclosed) + 1  # a point under the line itself
    assert set(shown) <= selected
    assert len(shown) == min(60, len(selected))
    assert n_selected(page) == len(selected)
    assert int(page.locator(".plane-root").get_attribute("data-selected")) == len(selected)
    for i in (0, len(shown) - 1):  # the picture of each id is that image, not another
        picture = canvas(page.locator(".gallery-item canvas").nth(i))
        at = int(images.positions([shown[i]])[0])
        assert (picture[:, :28] == images.images[at, 0]).all()


def test_selection_cleared_leaves_no_point_faded_and_double_click_clears_too(
    visit: Visit, server: str
) -> None:
    page = open_latent(visit, server)
    for clear in ("button", "double click"):
        lasso(page, (0.5, 0.5), 0.1)
        grid_ids(page)
        if clear == "button":
            page.get_by_test_id("stMain").get_by_role("button", name="Clear").click()
        else:
            page.locator(f"{CHART} .nsewdrag").first.dblclick(position={"x": 40, "y": 40})
        page.get_by_text("Nothing is selected").wait_for()
        page.wait_for_function(f"({BRIGHT})(document.querySelector('{CHART}')) === null")


def test_map_and_sidebar_agree_after_a_double_click_in_every_mode_of_the_mouse(
    visit: Visit, server: str
) -> None:
    page = open_latent(visit, server)
    main, counted = page.get_by_test_id("stMain"), page.get_by_test_id("stSidebar")
    for mode, keeps in (("Box", False), ("Zoom", True), ("Click", True)):
        main.get_by_text("Lasso", exact=True).click()
        page.wait_for_function(f"document.querySelector('{CHART}').layout.dragmode === 'lasso'")
        lasso(page, (0.5, 0.5), 0.1)
        grid_ids(page)
        before = n_selected(page)
        main.get_by_text(mode, exact=True).click()  # the chart is drawn anew, selection and all
        drag = {"Box": "select", "Click": "pan"}.get(mode, "zoom")
        page.wait_for_function(f"document.querySelector('{CHART}').layout.dragmode === '{drag}'")
        _settled(page, CHART)
        page.locator(f"{CHART} .nsewdrag").first.dblclick(position={"x": 40, "y": 40})
        if keeps:
            page.wait_for_timeout(1_000)  # for what must not happen
            page.wait_for_function(f"({BRIGHT})(document.querySelector('{CHART}')) !== null")
            assert len(page.locator(CHART).evaluate(BRIGHT)) == n_selected(page) == before
        else:
            page.get_by_text("Nothing is selected").wait_for()
            assert counted.get_by_text("selected").count() == 0
        page.wait_for_function(
            f"(({BRIGHT})(document.querySelector('{CHART}')) === null) === {str(not keeps).lower()}"
        )


def test_map_still_shows_the_selection_after_another_page(visit: Visit, server: str) -> None:
    page = open_latent(visit, server)
    lasso(page, (0.5, 0.5), 0.1)
    grid_ids(page)
    before = n_selected(page)
    menu = page.get_by_test_id("stSidebarNav")
    menu.get_by_text("Robustness").click()
    page.get_by_role("heading", name="Robustness").wait_for()
    menu.get_by_text("Latent space").click()
    page.locator(f"{CHART} .gl-canvas").first.wait_for()
    page.wait_for_function(f"({BRIGHT})(document.querySelector('{CHART}')) !== null")
    assert len(page.locator(CHART).evaluate(BRIGHT)) == n_selected(page) == before


def test_zoom_survives_another_colour_and_a_selection(visit: Visit, server: str) -> None:
    page = open_latent(visit, server)
    page.get_by_text("Zoom", exact=True).click()
    page.wait_for_function(f"document.querySelector('{CHART}')?._fullLayout?.dragmode === 'zoom'")
    box = page.locator(f"{CHART} .nsewdrag").first.bounding_box()
    at = [(box["x"] + box["width"] * s, box["y"] + box["height"] * s) for s in (0.3, 0.7)]
    sent = len(visit.sent)
    page.mouse.move(*at[0])
    page.mouse.down()
    page.mouse.move(*at[1], steps=4)
    page.mouse.up()
    page.wait_for_function(f"!document.querySelector('{CHART}')._fullLayout.xaxis.autorange")
    before = _ranges(page)
    _wait_until(page, lambda: len(visit.sent) > sent)  # the zoom has been told
    page.wait_for_timeout(500)
    page.get_by_role("combobox", name="Colour").click()
    page.get_by_role("option", name="error percentile").click()
    page.wait_for_url(re.compile("colour=percentile"))
    page.wait_for_function(
        f"document.querySelector('{CHART}')?.data?.[0]?.marker?.showscale === true"
    )
    assert _ranges(page) == pytest.approx(before)
    page.get_by_text("Lasso", exact=True).click()
    page.wait_for_function(f"document.querySelector('{CHART}')?._fullLayout?.dragmode === 'lasso'")
    lasso(page, (0.5, 0.5), 0.2)
    grid_ids(page)
    assert _ranges(page) == pytest.approx(before)


def test_pointer_over_the_plane_decodes_without_a_message_to_the_server(
    visit: Visit, server: str, model: Autoencoder
) -> None:
    page = open_latent(visit, server)
    field = page.locator(".plane-cursor")
    field.scroll_into_view_if_needed()
    box = field.bounding_box()
    root = page.locator(".plane-root")
    pictures = set()
    sent = len(visit.sent)
    for step in range(60):
        share = 0.999 * step / 59
        page.mouse.move(box["x"] + box["width"] * share, box["y"] + box["height"] * share)
        pictures.add(canvas(page.locator(".plane-decoded")).tobytes())
    assert len(visit.sent) == sent
    assert len(pictures) >= 30
    column, row = map(int, root.get_attribute("data-node").split(","))
    assert column >= 45  # the lower right corner, or beside it
    assert row <= 2
    images = catalogue.load("mnist-5k")
    z = model.encode(images.pixels())
    axes = geometry.plane(z)
    at = page.locator(".plane-at").inner_text().replace("\u2212", "-").split(", ")
    expected = model.decode(axes.codes([[float(one) for one in at]]))[0, 0]
    shown = canvas(page.locator(".plane-decoded"))
    assert np.abs(shown - 255 * np.clip(expected, 0, 1)).mean() < 8  # three digits, lossy picture


def test_pointer_on_a_point_shows_its_image_beside_it(visit: Visit, server: str) -> None:
    page = open_latent(visit, server)
    peek = page.locator(".peek-root")
    page.wait_for_selector(".peek-root[data-ready]", state="attached")
    box = page.locator(f"{CHART} .nsewdrag").first.bounding_box()
    sent = len(visit.sent)
    for step in range(40):
        page.mouse.move(box["x"] + box["width"] * (0.45 + step / 400), box["y"] + 300)
        if peek.is_visible():
            break
    peek.wait_for()
    assert len(visit.sent) == sent
    name = peek.get_attribute("data-id")
    assert name in page.locator(f"{CHART} .hoverlayer").text_content()
    images = catalogue.load("mnist-5k")
    expected = images.images[images.positions([name])[0], 0].astype(float)
    assert np.abs(canvas(page.locator(".peek-canvas")) - expected).mean() < 16
    page.mouse.move(5, 5)
    peek.wait_for(state="hidden")


def test_plane_moves_by_arrow_keys_and_warns_far_from_data(visit: Visit, server: str) -> None:
    page = open_latent(visit, server)
    field = page.get_by_role("application")
    field.focus()
    before = page.locator(".plane-root").get_attribute("data-node")
    field.press("ArrowRight")
    field.press("Shift+ArrowUp")
    column, row = map(int, before.split(","))
    assert page.locator(".plane-root").get_attribute("data-node") == f"{column + 1},{row + 5}"
    for _ in range(12):
        field.press("Shift+ArrowLeft")
        field.press("Shift+ArrowUp")
    assert page.locator(".plane-root").get_attribute("data-node") == "0,47"
    assert "the model invents" in page.locator(".plane-far").inner_text()


def test_plane_draws_the_decoded_images_as_its_ground_when_asked(visit: Visit, server: str) -> None:
    page = open_latent(visit, server)
    before = canvas(page.locator(".plane-ground"))
    page.locator(".plane-points").uncheck()
    plain = canvas(page.locator(".plane-ground"))
    page.locator(".plane-lattice").check()
    after = canvas(page.locator(".plane-ground"))
    assert (before != plain).any()
    assert (after != plain).mean() > 0.5


def test_nearest_image_of_the_plane_opens_with_its_code_and_sixteen_neighbours(
    visit: Visit, server: str
) -> None:
    page = open_latent(visit, server)
    name = page.locator(".plane-name").inner_text().splitlines()[-1]
    page.locator(".plane-open").click()
    dialog = page.get_by_role("dialog")
    dialog.get_by_text(name).wait_for()
    dialog.locator(".gallery-root[data-id]").nth(1).wait_for()
    assert dialog.locator(".gallery-item").count() == 16
    other = dialog.locator(".gallery-item").nth(3).get_attribute("data-id")
    dialog.locator(".gallery-item").nth(3).click()
    page.get_by_role("dialog").get_by_text(other).wait_for()
    page.get_by_role("dialog").get_by_role("button", name="Walk to here").click()
    page.wait_for_url(re.compile(f"walk_to={other.replace('/', '(/|%2F)')}"))
    page.locator(".sweep-root[data-frame]").wait_for()


def test_link_from_the_address_bar_reopens_model_map_and_colour(
    visit: Visit, server: str, browser: Any
) -> None:
    page = open_latent(visit, server, "model=tiny-pca")
    page.get_by_role("combobox", name="Colour").click()
    page.get_by_role("option", name="k-means cluster (10)").click()
    page.wait_for_url(re.compile("colour=cluster"))
    page.get_by_role("combobox", name="Map").click()
    page.get_by_role("option", name="t-SNE").click()
    page.wait_for_url(re.compile("map=tsne"))
    with browser.new_context(viewport={"width": 1440, "height": 900}) as context:
        other = Visit(context.new_page())
        other.page.goto(page.url)
        other.page.get_by_text("t-SNE of these codes is not computed yet").wait_for(timeout=60_000)
        other.page.wait_for_function(
            f"document.querySelector('{CHART}')?.data?.[0]?.name?.startsWith('cluster 1')"
        )
        model = other.page.get_by_test_id("stSidebar").get_by_role("combobox", name="Model")
        assert "PCA" in model.input_value() or "PCA" in model.inner_text()


def test_link_reopens_the_walk_where_it_was_left_and_the_place_that_was_pinned(
    visit: Visit, server: str, browser: Any
) -> None:
    page = open_latent(visit, server, f"{LINK}&section=between")
    page.locator(".sweep-root[data-frame]").wait_for(timeout=60_000)
    click_plane(page, 0.3, 0.6)
    page.wait_for_url(re.compile("plane_at="), timeout=60_000)
    slider = page.get_by_role("slider", name="Share of the way")
    slider.focus()
    for _ in range(7):
        slider.press("ArrowRight")
    page.wait_for_url(re.compile("walk_at=0.675"), timeout=60_000)
    page.mouse.move(5, 5)
    with browser.new_context(viewport={"width": 1440, "height": 900}) as context:
        other = context.new_page()
        other.goto(page.url)
        other.locator(".plane-root[data-pinned*=',']").wait_for(timeout=60_000)
        other.locator(".sweep-root[data-frame]").wait_for(timeout=60_000)
        for part in (".plane-at", ".plane-name", ".sweep-value"):
            assert other.locator(part).inner_text() == page.locator(part).inner_text(), part
        walks = [canvas(tab.locator(".sweep-canvas").nth(1)).tobytes() for tab in (page, other)]
        assert walks[0] == walks[1]


def test_place_of_the_plane_that_is_clicked_is_shown_again_when_the_pointer_has_left(
    visit: Visit, server: str
) -> None:
    page = open_latent(visit, server)
    click_plane(page, 0.3, 0.6)
    page.wait_for_url(re.compile("plane_at="), timeout=60_000)
    assert page.get_by_role("dialog").count() == 0
    root = page.locator(".plane-root")
    pinned = root.get_attribute("data-node")
    assert root.get_attribute("data-pinned") == pinned
    box = page.locator(".plane-cursor").bounding_box()
    page.mouse.move(box["x"] + 0.8 * box["width"], box["y"] + 0.2 * box["height"])
    assert root.get_attribute("data-node") != pinned
    page.mouse.move(5, 5)
    assert root.get_attribute("data-node") == pinned
    page.get_by_role("button", name="Unpin").click(timeout=60_000)
    page.wait_for_url(lambda url: "plane_at" not in url, timeout=60_000)
    click_plane(page, 0.3, 0.6)
    page.wait_for_url(re.compile("plane_at="), timeout=60_000)
    name = page.locator(".plane-name").inner_text().splitlines()[-1]
    click_plane(page, 0.3, 0.6)
    page.get_by_role("dialog").get_by_text(name).first.wait_for(timeout=60_000)


def test_another_model_lets_go_of_the_pinned_place(visit: Visit, server: str) -> None:
    page = open_latent(visit, server, f"{LINK}&plane_at=0.1,0.1")
    page.locator(".plane-root[data-pinned*=',']").wait_for(timeout=60_000)
    before = page.locator(".plane-root").get_attribute("data-id")
    page.get_by_test_id("stSidebar").get_by_role("combobox", name="Model").click(timeout=60_000)
    page.get_by_role("option", name="PCA (linear), D' = 3", exact=True).click(timeout=60_000)
    page.locator(f".plane-root:not([data-id='{before}'])").wait_for(timeout=60_000)
    page.locator(".plane-root[data-pinned='']").wait_for(timeout=60_000)
    page.wait_for_url(lambda url: "plane_at" not in url, timeout=60_000)


def click_plane(page: Any, x: float, y: float) -> None:
    """At shares of its width and height."""
    field = page.locator(".plane-cursor")
    field.scroll_into_view_if_needed(timeout=60_000)
    box = field.bounding_box()
    field.click(position={"x": x * box["width"], "y": y * box["height"]}, timeout=60_000)


def test_selection_is_taken_away_as_a_table_and_as_images(
    visit: Visit, server: str, model: Autoencoder
) -> None:
    page = open_latent(visit, server)
    lasso(page, (0.5, 0.5), 0.05)
    shown = grid_ids(page)
    selected = page.locator(CHART).evaluate(BRIGHT)
    with page.expect_download() as download:
        page.get_by_role("button", name="CSV").click()
    table = pd.read_csv(download.value.path())
    assert set(table["id"]) == set(selected)
    assert set(shown) <= set(table["id"])
    images = catalogue.load("mnist-5k")
    x = images.pixels(images.positions(table["id"]))
    np.testing.assert_allclose(table["error"], model.errors(x), rtol=1e-3)
    np.testing.assert_allclose(table[["z0", "z1", "z2"]], model.encode(x), rtol=1e-3, atol=1e-4)
    with page.expect_download() as download:
        page.get_by_test_id("stMain").get_by_role("button", name="Images").click()
    with zipfile.ZipFile(download.value.path()) as archive:
        assert len(archive.namelist()) == len(selected) + 1


def test_walk_is_taken_away_as_a_moving_picture(visit: Visit, server: str) -> None:
    page = open_latent(visit, server, f"{LINK}&section=between")
    page.locator(".sweep-root[data-frame]").wait_for()
    page.get_by_role("button", name="Animation").click()
    with page.expect_download() as download:
        page.get_by_role("button", name="GIF").click()
    with Image.open(Path(download.value.path())) as picture:
        assert picture.format == "GIF"
        assert picture.n_frames == 80  # type: ignore[attr-defined]


def test_lasso_on_one_map_lights_the_same_images_on_the_other(visit: Visit, server: str) -> None:
    page = open_latent(visit, server, f"{LINK}&versus=tiny-pca")
    second = ".st-key-map_1 .js-plotly-plot"
    page.locator(f"{second} .gl-canvas").first.wait_for()
    for one, other in ((CHART, second), (second, CHART)):
        page.locator(f"{one} .nsewdrag").first.scroll_into_view_if_needed()
        lasso(page, (0.5, 0.5), 0.08, one)
        page.wait_for_function(
            "([a, b, read]) => { const bright = eval(read); const ids = (chart) => "
            "JSON.stringify((bright(document.querySelector(chart)) ?? []).sort());"
            "return ids(a).length > 5 && ids(a) === ids(b); }",
            arg=[one, other, BRIGHT],
        )


def test_whole_visit_asks_no_other_machine_and_logs_no_error(visit: Visit, server: str) -> None:
    visit.open(server, LINK)
    page = visit.page
    page.get_by_role("link", name="Latent space").click()
    page.locator(".plane-root[data-id]").wait_for(timeout=60_000)
    page.locator(f"{CHART} .gl-canvas").first.wait_for(timeout=60_000)
    for section in ("Walk between two", "Travel along a direction", "Numbers", "Selected images"):
        page.get_by_text(section, exact=True).click()
    page.get_by_text("Nothing is selected").wait_for()
    assert visit.off_host == []
    assert visit.complaints == []


def test_phone_shows_map_plane_and_walk_without_scrolling_sideways(
    phone: Visit, server: str
) -> None:
    page = open_latent(phone, server, f"{LINK}&section=between")
    page.locator(".sweep-root[data-frame]").wait_for()
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
    for part in (CHART, ".plane-field", ".sweep-bar"):
        box = page.locator(part).first.bounding_box()
        assert box["x"] >= 0
        assert box["x"] + box["width"] <= 390


def _settled(page: Any, chart: str = CHART) -> None:
    """While a chart is drawn anew the old one is still there."""
    page.wait_for_function(f"document.querySelectorAll('{chart}').length === 1")


def _ranges(page: Any) -> list[float]:
    _settled(page)
    found = page.locator(CHART).evaluate(
        "(chart) => [...chart._fullLayout.xaxis.range, ...chart._fullLayout.yaxis.range]"
    )
    return [float(one) for one in found]


def _wait_until(page: Any, true: Any) -> None:
    for _ in range(1_200):  # a minute
        if true():
            return
        page.wait_for_timeout(50)
    pytest.fail("it did not happen")
