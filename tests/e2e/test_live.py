"""Networks that run in the dashboard: what moves there sends nothing to the server."""

from typing import Any

from tests.e2e.conftest import Visit

ON_LATENT = "latent?model=mnist-dense-2"


def opened(visit: Visit, server: str, link: str, switch: str) -> Any:
    """The page with the switch on; its views have drawn."""
    visit.page.goto(f"{server}/{link}")
    visit.page.get_by_text(switch).click()
    visit.page.wait_for_selector(".live-root[data-ready]")
    for model in visit.page.locator(".live-root .one").all():
        visit.page.wait_for_function("one => one.dataset.codes", arg=model.element_handle())
    visit.page.wait_for_timeout(500)  # the rerun of the switch has ended
    return visit.page


def pictures(page: Any) -> int:
    return int(page.locator(".live-root .one").first.get_attribute("data-pictures"))


def moved(page: Any, part: str, *shares: tuple[float, float]) -> int:
    """How many pictures a drag over a part gives, along places in shares of its sides."""
    canvas = page.locator(f".live-root {part}").first
    canvas.scroll_into_view_if_needed()
    box = canvas.bounding_box()
    before = pictures(page)
    points = [(box["x"] + u * box["width"], box["y"] + v * box["height"]) for u, v in shares]
    page.mouse.move(*points[0])
    page.mouse.down()
    for point in points[1:]:
        page.mouse.move(*point)
        page.wait_for_timeout(30)
    page.mouse.up()
    page.wait_for_timeout(200)
    return pictures(page) - before


def test_bars_map_noise_and_pad_on_the_latent_page_send_nothing(visit: Visit, server: str) -> None:
    page = opened(visit, server, ON_LATENT, "Compute in this browser")
    sent = len(visit.sent)
    assert moved(page, ".bars", (0.2, 0.5), (0.2, 0.3), (0.2, 0.1)) >= 2
    assert moved(page, ".map", (0.3, 0.3), (0.5, 0.5), (0.7, 0.4)) >= 2
    page.locator(".live-root .ground").check()
    page.wait_for_selector(".live-root .map[data-grounds]")
    page.mouse.wheel(0, -300)
    page.locator(".live-root .flicker").check()
    page.wait_for_selector(".live-root[data-frames]")
    page.locator(".live-root .flicker").uncheck()
    page.locator(".live-root .from-pad").check()
    assert moved(page, ".pad-canvas", (0.3, 0.2), (0.4, 0.4), (0.5, 0.6), (0.6, 0.8)) >= 3
    assert len(visit.sent) == sent
    assert not visit.off_host
    assert not visit.complaints


def test_pictures_follow_the_pen_before_a_stroke_ends(visit: Visit, server: str) -> None:
    page = opened(visit, server, "your_images?way=draw", "the reconstruction follows the pen")
    box = page.locator(".pad-canvas").first.bounding_box()
    sent, before = len(visit.sent), pictures(page)
    page.mouse.move(box["x"] + 90, box["y"] + 40)
    page.mouse.down()
    for step in range(1, 8):
        page.mouse.move(box["x"] + 90, box["y"] + 40 + 20 * step)
        page.wait_for_timeout(30)
    page.wait_for_timeout(200)
    assert pictures(page) - before >= 4
    assert len(visit.sent) == sent
    page.mouse.up()


def test_bars_of_three_codes_are_dragged_in_learn(visit: Visit, server: str) -> None:
    page = opened(visit, server, "learn", "Drag any number of the three codes")
    sent = len(visit.sent)
    assert page.locator(".live-root .one").count() == 3
    assert moved(page, ".bars", (0.7, 0.5), (0.7, 0.2), (0.7, 0.1)) >= 2
    assert len(visit.sent) == sent
