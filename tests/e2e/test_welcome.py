"""The first visit in a real browser: pictures that move by themselves, until somebody else does."""

from typing import Any

from tests.e2e.conftest import Visit

SECONDS = 60_000
HOST = "document.querySelector('[data-testid=stBidiComponentIsolated]')"
FRAME = f"{HOST}?.shadowRoot.querySelector('.sweep-root')?.dataset.frame"
PLAYS = f"{HOST}?.shadowRoot.querySelector('.sweep-playing')"


def opened(visit: Visit, server: str) -> Any:
    visit.open(server)
    return visit.page


def test_digits_move_to_both_ends_and_back_and_nothing_is_sent(visit: Visit, server: str) -> None:
    page = opened(visit, server)
    page.wait_for_function(f"Number({FRAME}) < 5", timeout=SECONDS)
    sent = len(visit.sent)
    page.wait_for_function(f"Number({FRAME}) > 45", timeout=SECONDS)
    page.wait_for_function(f"{FRAME} === '25' && !{PLAYS}", timeout=SECONDS)
    assert page.locator(".sweep-value").inner_text() == "σ = 0.50"
    assert "sigma" not in page.url
    assert len(visit.sent) == sent


def test_first_touch_ends_the_movement_where_it_is(visit: Visit, server: str) -> None:
    page = opened(visit, server)
    page.wait_for_function(f"{PLAYS} && {FRAME} !== '25'", timeout=SECONDS)
    page.keyboard.press("Shift")
    assert page.evaluate(f"!{PLAYS}")
    stopped = page.evaluate(FRAME)
    page.wait_for_url("**sigma=*")  # the link says what is seen
    assert page.evaluate(FRAME) == stopped


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
        visit.page.add_init_script("""
            window.frames_seen = new Set();
            const look = () => {
              const host = document.querySelector("[data-testid=stBidiComponentIsolated]");
              const frame = host?.shadowRoot?.querySelector(".sweep-root")?.dataset.frame;
              if (frame) frames_seen.add(frame);
              requestAnimationFrame(look);
            };
            look();
        """)
        visit.open(server)
        visit.page.wait_for_function("frames_seen.size > 0", timeout=SECONDS)
        visit.page.get_by_role("button", name="Shuffle").click()
        visit.page.wait_for_url("**shuffle=1*", timeout=SECONDS)
        assert visit.page.evaluate("[...frames_seen]") == ["25"]


def test_way_in_leads_to_its_page_and_back_the_strip_is_there_until_closed(
    visit: Visit, server: str
) -> None:
    page = opened(visit, server)
    page.get_by_role("link", name="Find outliers").click()
    page.get_by_role("heading", name="Outliers").wait_for(timeout=SECONDS)
    page.get_by_test_id("stSidebarNav").get_by_role("link", name="Reconstruct").click()
    page.get_by_role("heading", name="Reconstruct").wait_for(timeout=SECONDS)
    page.get_by_role("button", name="Close", exact=True).click()
    page.get_by_role("link", name="Find outliers").wait_for(state="detached", timeout=SECONDS)
