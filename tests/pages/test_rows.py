"""Tables whose ticks are in the link, run without a browser."""

from typing import Any

import pytest
from streamlit.testing.v1 import AppTest

from pages.ui.session import link_names


@pytest.fixture(autouse=True)
def any_name_can_stand_in_a_link(monkeypatch: pytest.MonkeyPatch) -> None:
    """The widgets here are of no page."""
    monkeypatch.setattr(link_names, "is_link_name", lambda _: True)


TABLE = "ticks table"


def page() -> None:
    """Two tables over the names that the test has given."""
    import pandas as pd
    import streamlit as st

    from pages.ui.session import rows

    names = st.session_state["names"]
    table = pd.DataFrame({"name": names})
    st.session_state["found"] = rows.ticked(table, names, "ticks", "run")
    st.session_state["one"] = rows.picked(table, names, "pick", "class")


def opened(**link: Any) -> AppTest:
    app = AppTest.from_function(page)
    app.session_state["names"] = ["a", "b", "c"]
    for name, value in link.items():
        app.query_params[name] = value
    # As a page is entered by its link, without the pages of the app.
    app.session_state["linked"] = {
        name: value if isinstance(value, list) else [value] for name, value in link.items()
    }
    return app.run()


def ticked(app: AppTest, table: str = TABLE) -> list[int]:
    """The rows that the table itself shows as ticked."""
    return list(app.session_state[table]["selection"]["rows"])


def test_table_without_a_link_has_no_tick_and_its_first_row_chosen() -> None:
    app = opened()
    assert not app.exception
    assert (app.session_state["found"], app.session_state["one"]) == ([], 0)
    assert dict(app.query_params) == {}


def test_link_ticks_the_rows_it_names_wherever_they_stand() -> None:
    app = opened(ticks=["c", "a"], pick="b")
    assert (app.session_state["found"], app.session_state["one"]) == ([0, 2], 1)
    assert (ticked(app), ticked(app, "pick table")) == ([0, 2], [1])
    assert dict(app.query_params) == {"ticks": ["c", "a"], "pick": "b"}


def test_tick_stays_with_its_row_when_another_comes_and_goes_with_it() -> None:
    app = opened(ticks="b")
    app.session_state["names"] = ["new", "a", "b", "c"]
    assert ticked(app.run()) == [2]
    app.session_state["names"] = ["new", "a", "c"]
    assert ticked(app.run()) == []
    assert "ticks" not in app.query_params


def test_link_that_names_rows_that_are_not_here_ticks_the_others() -> None:
    app = opened(ticks=["gone", "b"], pick="gone")
    assert (app.session_state["found"], app.session_state["one"]) == ([1], 0)
    (refused,) = app.session_state["refused"]["ticks"]
    assert (refused.what, refused.name) == ("run", "gone")
