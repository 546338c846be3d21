"""Widgets that belong to the link: they stand as it says, and it says what was chosen."""

from typing import Any

import pytest
from streamlit.testing.v1 import AppTest

from pages.ui.session import link_names, widgets


@pytest.fixture(autouse=True)
def any_name_can_stand_in_a_link(monkeypatch: pytest.MonkeyPatch) -> None:
    """The widgets here are of no page."""
    monkeypatch.setattr(link_names, "is_link_name", lambda _: True)


def script() -> None:
    import streamlit as st

    from pages.ui.session import state, widgets

    state.enter("some page")
    shown = bool(st.session_state.get("shown", True))
    pick = widgets.drawn_if(shown, st.selectbox)
    st.session_state["told"] = (
        widgets.choice(pick, "Fruit", ["fig", "plum"], "fruit", "fig", "fruit"),
        widgets.several(st.multiselect, "Days", ["mon", "tue", "wed"], "days", ["mon"]),
        widgets.switch("Loud", "loud"),
        widgets.number(st.slider, "Share", 0.0, 1.0, "share", 0.5),
        widgets.whole(st.slider, "Percent", 1, 50, "percent", 10),
        widgets.seed("Seed", "seed"),
    )


def opened(**link: str | list[str]) -> AppTest:
    app = AppTest.from_function(script, default_timeout=60)
    for name, value in link.items():
        app.query_params[name] = value
    return app.run()


DEFAULTS: tuple[Any, ...] = ("fig", ["mon"], False, 0.5, 10, 0)
LINK: dict[str, str | list[str]] = {
    "fruit": "plum", "days": ["tue", "wed"], "loud": "true", "share": "0.25", "percent": "7",
    "seed": "3",
}  # fmt: skip


def test_widgets_nobody_touched_have_their_defaults_and_the_link_says_nothing() -> None:
    app = opened()
    assert app.session_state["told"] == DEFAULTS
    assert not app.query_params


def test_widgets_opened_by_a_link_stand_as_it_says_and_keep_it() -> None:
    app = opened(**LINK)
    assert app.session_state["told"] == ("plum", ["tue", "wed"], True, 0.25, 7, 3)
    assert app.selectbox(key="fruit").value == "plum"
    assert app.slider(key="percent").value == 7
    assert dict(app.query_params) == LINK


@pytest.mark.parametrize("seed", ["-1", str(widgets.MAX_SEED + 1), "0.5", "many"])
def test_widgets_opened_by_a_link_that_says_the_impossible_have_their_defaults(seed: str) -> None:
    app = opened(fruit="stone", days="sunday", loud="perhaps", share="2", percent="7.5", seed=seed)
    assert app.session_state["told"] == DEFAULTS
    assert not app.query_params


def test_widget_that_was_changed_is_in_the_link_until_it_has_its_default_again() -> None:
    app = opened()
    app.selectbox(key="fruit").set_value("plum").run()
    assert app.session_state["told"][0] == app.query_params["fruit"] == "plum"
    app.selectbox(key="fruit").set_value("fig").run()
    assert "fruit" not in app.query_params


def test_widget_that_is_not_drawn_keeps_its_value_in_the_link() -> None:
    app = opened(fruit="plum")
    app.session_state["shown"] = False
    app.run()
    assert not app.selectbox
    assert app.session_state["told"][0] == app.query_params["fruit"] == "plum"


def in_a_row() -> None:
    import streamlit as st

    from pages.ui.session import widgets

    with st.container(horizontal=True):
        for i, one in enumerate((st.segmented_control, st.pills)):
            widgets.choice(one, "Fruit", ["fig", "plum"], f"fruit_{i}", "fig")


def test_buttons_that_do_not_fit_into_a_row_go_on_in_the_next() -> None:
    app = AppTest.from_function(in_a_row, default_timeout=60).run()
    groups = app.get("button_group")
    assert len(groups) == 2
    assert all(one.proto.wrap for one in groups)
