"""The Learn page in a real browser, with the models that are shipped."""

import re
from typing import Any
from urllib.parse import parse_qs, urlparse

import pytest

from core.config import PROJECT
from pages.ui.learn import steps, wrong
from tests.driving.walking import Stop
from tests.e2e.conftest import Visit
from tests.e2e.test_all_pages import JUMP, WATCH_JUMPS, jumps_of, walking_in
from tests.e2e.test_robustness import drawn

TITLES = [steps.heading(step) for step in steps.ALL]
FIGURE = ".sweep-root[data-frame], [data-testid=stImage] img, .gallery-root, .feed-root[data-id]"
NAMED = ("mnist-dense-8", "mnist-linear-32", "mnist-conv-32-no-5-9", "shapes-conv")


@pytest.fixture(autouse=True)
def _shipped_models() -> None:
    for name in NAMED:
        if not (PROJECT / "checkpoints" / f"{name}.safetensors").exists():
            pytest.skip(f"{name} is not among the checkpoints: `make zoo` trains it")


def open_page(visit: Visit, server: str, link: str = "") -> Any:
    visit.page.goto(f"{server}/learn?{link}")
    way_on(visit.page).wait_for(timeout=60_000)
    visit.page.wait_for_selector(FIGURE, timeout=60_000)
    return visit.page


def way_on(page: Any) -> Any:
    return page.locator(".st-key-go_on button:visible")


def wait_for_step(page: Any, title: str) -> None:
    """The step is there with its figure, and the script has ended."""
    page.get_by_role("heading", name=title, exact=True).wait_for(timeout=60_000)
    way_on(page).wait_for(timeout=60_000)
    page.wait_for_selector(FIGURE, timeout=60_000)
    page.wait_for_selector("[data-test-script-state=notRunning]", timeout=60_000)


def walk(page: Any) -> None:
    """Through all steps with Next, then all cards."""
    for title in TITLES:
        wait_for_step(page, title)
        assert page.get_by_test_id("stException").count() == 0
        assert page.get_by_test_id("stAlert").count() == 0
        if title != TITLES[-1]:
            page.locator(".st-key-learn_next button:visible").click(timeout=60_000)
    for card in wrong.TITLES.values():
        page.get_by_role("radio", name=card).click(timeout=60_000)
        page.get_by_role("radio", name=card, checked=True).wait_for(timeout=60_000)
        wait_for_step(page, TITLES[-1])
        assert page.get_by_test_id("stAlert").count() == 0


def link_of(page: Any) -> dict[str, list[str]]:
    return parse_qs(urlparse(page.url).query)


def test_whole_walk_shows_every_step_and_logs_no_error_and_asks_no_other_machine(
    visit: Visit, server: str
) -> None:
    visit.open(server)  # a page opened by its own address asks once for what is not there
    visit.page.get_by_role("link", name="Learn").click(timeout=60_000)
    walk(visit.page)
    assert visit.off_host == []
    assert visit.complaints == []


@pytest.mark.slow
@pytest.mark.parametrize("card", list(wrong.CARDS)[1:])  # the first is among all views
def test_card_of_the_shelf_does_not_jump_on_a_phone_while_its_parts_arrive(
    browser: Any, server: str, card: str
) -> None:
    with walking_in(browser, "light", 390) as walk:
        walk.page.add_init_script(WATCH_JUMPS)
        jumps = jumps_of(walk, server, Stop("learn", f"/learn?step=wrong&card={card}"))
        assert sum(value for value, _ in jumps) < JUMP, jumps


def test_sigma_dragged_moves_pictures_and_sends_nothing_until_let_go(
    visit: Visit, server: str
) -> None:
    page = open_page(visit, server, "step=5&sigma=0")
    slider = page.locator(".sweep-input")
    slider.scroll_into_view_if_needed(timeout=60_000)
    box = slider.bounding_box()
    at = box["y"] + box["height"] / 2
    page.mouse.move(box["x"] + 8, at)
    page.mouse.down()
    sent_before = len(visit.sent)
    frames = set()
    for step in range(51):
        page.mouse.move(box["x"] + 8 + (box["width"] - 16) * step / 50, at)
        frames.add(drawn(page))
    assert len(visit.sent) == sent_before
    assert len(frames) >= 30
    page.mouse.up()
    page.wait_for_url(re.compile("sigma=1"), timeout=60_000)


def test_first_number_of_the_code_moved_draws_other_digits_without_a_message(
    visit: Visit, server: str
) -> None:
    page = open_page(visit, server, "step=1")
    page.wait_for_selector("[data-test-script-state=notRunning]", timeout=60_000)
    slider = page.get_by_role("slider", name="First number moved by")
    slider.focus()
    sent_before, before = len(visit.sent), page.locator(".sweep-root").get_attribute("data-frame")
    bars = page.locator(".sweep-panel").nth(1).locator("rect title")
    assert bars.count() == 8
    first, *others = bars.all_text_contents()
    slider.press("ArrowRight")
    assert page.locator(".sweep-root").get_attribute("data-frame") != before
    assert bars.all_text_contents()[0] != first
    assert bars.all_text_contents()[1:] == others
    assert first.removeprefix("number 1: ") != page.locator(".sweep-panel b").nth(1).inner_text()
    assert len(visit.sent) == sent_before


def test_way_on_opens_the_page_with_models_and_noise_of_the_step(visit: Visit, server: str) -> None:
    page = open_page(visit, server, "step=5&output=linear&clip=true&mu=0.1&sigma=0.3")
    wait_for_step(page, TITLES[4])
    way_on(page).click(timeout=60_000)
    page.get_by_role("heading", name="Robustness", exact=True).wait_for(timeout=60_000)
    page.wait_for_selector(".sweep-root[data-frame] .chart-picture", timeout=60_000)
    page.wait_for_url(re.compile("sigma=0.3"), timeout=60_000)
    link = link_of(page)
    assert set(link["models"]) == {"mnist-pca-2", "mnist-overcomplete-linear"}
    assert link["clip"] == ["true"]
    assert link["mu"] == ["0.1"]
    assert page.locator(".sweep-value").inner_text() == "σ = 0.30"
    details = page.locator(".sweep-detail").all_inner_texts()
    assert "gaussian noise, mu 0.1, clipped to [0, 1]" in details


def test_way_on_keeps_the_image_and_the_model(visit: Visit, server: str) -> None:
    page = open_page(visit, server, "step=4&fed=mnist-5k/03534")
    wait_for_step(page, TITLES[3])
    way_on(page).click(timeout=60_000)
    page.get_by_role("heading", name="Outliers", exact=True).wait_for(timeout=60_000)
    page.wait_for_url(re.compile("model=mnist-conv-32-no-5-9"), timeout=60_000)
    page.get_by_text("1 selected").first.wait_for(timeout=60_000)


def test_keys_go_to_the_next_step_and_back_and_the_link_follows(visit: Visit, server: str) -> None:
    page = open_page(visit, server)
    wait_for_step(page, TITLES[0])
    page.keyboard.press("n")
    wait_for_step(page, TITLES[1])
    page.wait_for_url(re.compile("step=2"), timeout=60_000)
    page.keyboard.press("p")
    wait_for_step(page, TITLES[0])


def test_link_reopens_the_step_as_it_was(visit: Visit, server: str) -> None:
    page = open_page(visit, server, "step=6&denoisers=convolutional&sigma=0.2")
    wait_for_step(page, TITLES[5])
    assert page.locator(".sweep-value").inner_text() == "σ = 0.20"
    assert "mnist-conv-denoising" in page.locator(".sweep-detail").all_inner_texts()


# Puts a picture in by a key and reads the answer before anybody else can have a turn.
FEED_BY_KEY = """
(button) => {
  button.click(); // what the browser makes of Enter and Space on a button
  const root = button.getRootNode();
  const place = [...root.querySelectorAll(".feed-full")].at(-1);
  return [place.dataset.id, place.querySelector(".feed-error").textContent];
}
"""


def open_tray(page: Any, server: str, link: str = "") -> Any:
    page.goto(f"{server}/learn?step=4&{link}")
    page.wait_for_selector(".feed-root[data-id]", timeout=60_000)
    page.wait_for_selector("[data-test-script-state=notRunning]", timeout=60_000)
    return page.locator(".feed-item")


def drag(page: Any, item: Any, to: Any) -> None:
    item.scroll_into_view_if_needed(timeout=60_000)
    start, end = item.bounding_box(), to.bounding_box()
    page.mouse.move(start["x"] + 20, start["y"] + 20)
    page.mouse.down()
    page.mouse.move(end["x"] + 40, end["y"] + 40, steps=6)


def test_digit_dragged_onto_the_network_is_rebuilt_and_the_link_brings_it_back(
    visit: Visit, server: str
) -> None:
    page = visit.page
    item = open_tray(page, server).nth(4)
    drag(page, item, page.locator(".feed-net"))
    assert page.locator(".feed-net.feed-near").count() == 1
    assert page.locator(".feed-full").count() == 0
    page.mouse.up()
    place = page.locator(".feed-full")
    assert place.get_attribute("data-id") == item.get_attribute("data-id")
    words = place.inner_text()
    assert re.search(r"error 0\.\d{4}\s+larger than that of \d+ %", words)
    page.wait_for_url(re.compile("fed="), timeout=60_000)
    page.reload()
    page.wait_for_selector(".feed-full", timeout=60_000)
    assert page.locator(".feed-full").inner_text() == words


def test_digit_let_go_beside_the_network_changes_nothing(visit: Visit, server: str) -> None:
    page = visit.page
    item = open_tray(page, server).first
    drag(page, item, page.locator(".feed-chart"))
    page.mouse.up()
    assert page.locator(".feed-full, .feed-ghost, .feed-held").count() == 0


def test_key_puts_a_digit_in_without_waiting_for_the_server_and_takes_it_out_again(
    visit: Visit, server: str
) -> None:
    page = visit.page
    items = open_tray(page, server)
    for i in (4, 0, 8):
        name, error = items.nth(i).evaluate(FEED_BY_KEY)
        assert name == items.nth(i).get_attribute("data-id")
        assert error.startswith("error 0.")
    items.nth(1).focus()
    page.keyboard.press("Enter")
    assert page.locator(".feed-full").count() == 4
    page.locator(".feed-out").first.focus()
    page.keyboard.press("Enter")
    assert page.locator(".feed-full").count() == 3
    pictures = page.locator(".feed-trio canvas")
    assert all(one.get_attribute("aria-label") for one in pictures.all())


def test_finger_puts_a_digit_in_on_a_phone(browser: Any, server: str) -> None:
    options = {"viewport": {"width": 390, "height": 844}, "has_touch": True}
    with browser.new_context(**options) as context:
        page = context.new_page()
        open_tray(page, server).nth(4).tap(timeout=60_000)
        page.locator(".feed-full").wait_for(timeout=60_000)
        assert page.get_by_test_id("stMain").evaluate("(m) => m.scrollWidth") <= 390
