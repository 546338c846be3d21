"""The first visit in a real browser: pictures that move by themselves, until somebody else does."""

from typing import Any

from tests.e2e.conftest import Visit

SECONDS = 60_000
HOST = "document.querySelector('[data-testid=stBidiComponentIsolated]')"
FRAME = f"{HOST}?.shadowRoot.querySelector('.sweep-root')?.dataset.frame"
PLAYS = f"{HOST}?.shadowRoot.querySelector('.sweep-playing')"
# What stands in for the page while it starts, if the server had it ready.
STAND_IN = "document.getElementById('hourglass-shell')"
# All frames that were drawn, by the stand-in and by the page, in order.
WATCH_FRAMES = f"""
  window.frames_seen = [];
  window.stood_in = 0;
  const look = () => {{
    const standing_in = {STAND_IN}?.dataset.frame;
    stood_in += standing_in !== undefined;
    const frame = standing_in ?? {FRAME};
    const is_new = frame !== undefined && frames_seen.at(-1) !== Number(frame);
    if (is_new) frames_seen.push(Number(frame));
    requestAnimationFrame(look);
  }};
  look();
"""


def opened(visit: Visit, server: str) -> Any:
    visit.page.add_init_script(WATCH_FRAMES)
    visit.open(server)
    return visit.page


def test_digits_move_to_both_ends_and_back_and_nothing_is_sent(visit: Visit, server: str) -> None:
    page = opened(visit, server)
    page.wait_for_function(f"{FRAME} !== undefined && !{STAND_IN}", timeout=SECONDS)
    page.wait_for_function("frames_seen.some((frame) => frame > 40)", timeout=SECONDS)
    sent = len(visit.sent)
    page.wait_for_function(f"{FRAME} === '25' && !{PLAYS}", timeout=SECONDS)
    assert page.evaluate("Math.min(...frames_seen)") < 10
    assert page.locator(".sweep-value").inner_text() == "σ = 0.50"
    assert "sigma" not in page.url
    assert len(visit.sent) == sent


def test_first_touch_ends_the_movement_where_it_began(visit: Visit, server: str) -> None:
    page = opened(visit, server)
    page.wait_for_function(f"{PLAYS} && {FRAME} !== '25'", timeout=SECONDS)
    page.keyboard.press("Shift")
    assert page.evaluate(f"!{PLAYS}")
    assert page.evaluate(FRAME) == "25"
    assert page.locator(".sweep-value").inner_text() == "σ = 0.50"


def test_data_chosen_while_the_digits_move_stand_under_the_noise_that_the_slider_began_with(
    visit: Visit, server: str
) -> None:
    page = opened(visit, server)
    page.wait_for_function(f"{PLAYS} && {FRAME} !== '25'", timeout=SECONDS)
    page.get_by_role("combobox", name="Data").click()
    page.get_by_role("option", name="Shapes").click()
    page.wait_for_url("**dataset=shapes*", timeout=SECONDS)
    page.locator(".sweep-label", has_text="Convolutional").wait_for(timeout=SECONDS)
    assert page.locator(".sweep-value").inner_text() == "σ = 0.50"
    assert "sigma" not in page.url


def test_slider_taken_while_the_digits_move_goes_where_it_is_put(visit: Visit, server: str) -> None:
    page = opened(visit, server)
    page.wait_for_function(f"{PLAYS} && {FRAME} !== '25'", timeout=SECONDS)
    page.locator(".sweep-input").press("Home")
    page.wait_for_url("**sigma=0*", timeout=SECONDS)
    assert page.locator(".sweep-value").inner_text() == "σ = 0.00"


def test_pause_button_pressed_ends_the_movement_and_does_not_begin_another(
    visit: Visit, server: str
) -> None:
    page = opened(visit, server)
    page.wait_for_function(f"{PLAYS} && {FRAME} !== '25'", timeout=SECONDS)
    page.locator(".sweep-play").click()
    assert page.evaluate(f"!{PLAYS}")


def test_nothing_moves_for_those_who_asked_for_less_motion(browser: Any, server: str) -> None:
    with browser.new_context(reduced_motion="reduce") as context:
        visit = Visit(context.new_page())
        visit.page.add_init_script(WATCH_FRAMES)
        visit.open(server)
        visit.page.wait_for_function("frames_seen.length > 0", timeout=SECONDS)
        visit.page.get_by_role("button", name="Shuffle").click()
        visit.page.wait_for_url("**shuffle=1*", timeout=SECONDS)
        assert visit.page.evaluate("frames_seen") == [25]


def test_way_in_leads_to_its_page_and_back_the_strip_is_there_until_closed(
    visit: Visit, server: str
) -> None:
    page = opened(visit, server)
    page.get_by_role("link", name="Find outliers").click()
    page.get_by_role("heading", name="Outliers", exact=True).wait_for(timeout=SECONDS)
    page.get_by_test_id("stSidebarNav").get_by_role("link", name="Reconstruct").click()
    page.get_by_role("heading", name="Reconstruct", exact=True).wait_for(timeout=SECONDS)
    page.get_by_role("button", name="Close", exact=True).click()
    page.get_by_role("link", name="Find outliers").wait_for(state="detached", timeout=SECONDS)
