"""What a first visitor is told, and when it is gone."""

from collections.abc import Callable

from streamlit.testing.v1 import AppTest

from pages.ui.server import welcome
from tests.pages.unpacking import unpacked

OpenApp = Callable[..., AppTest]


def is_told(app: AppTest) -> bool:
    return any(one.value == welcome.WHAT for one in app.markdown)


def moves(app: AppTest) -> bool:
    component = next(one for one in app.get("bidi_component") if one.proto.bytes)
    return bool(unpacked(component.proto.bytes).header["moves"])


def test_first_visit_says_what_this_is_and_offers_four_ways_in(open_app: OpenApp) -> None:
    app = open_app()
    assert is_told(app)
    links = [link.proto for link in app.get("page_link")]
    assert [link.page for link in links] == ["learn", "outliers", "your_images", "your_images"]
    assert links[-1].query_string == "your=odd"
    assert all(link.help for link in links)


def test_link_that_says_what_to_show_is_not_interrupted(open_app: OpenApp) -> None:
    app = open_app(sigma="0.3")
    assert not is_told(app)
    assert not moves(app)


def test_strip_closed_stays_away_for_the_session(open_app: OpenApp) -> None:
    app = open_app()
    next(button for button in app.button if button.label == "Close").click().run()
    assert not is_told(app)
    app.switch_page("pages/train.py").run()
    app.switch_page("pages/reconstruct.py").run()
    assert not is_told(app)


def test_pictures_move_on_the_first_entry_only_and_the_message_stays_the_same_meanwhile(
    open_app: OpenApp,
) -> None:
    app = open_app()
    assert moves(app)
    app.run()
    assert moves(app)
    app.switch_page("pages/train.py").run()
    app.switch_page("pages/reconstruct.py").run()
    assert is_told(app)
    assert not moves(app)
