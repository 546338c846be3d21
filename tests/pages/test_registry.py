"""What is registered once is everywhere: on the page, in walks, in links, and in docs/links.md.

`python -m tests.pages.test_registry` prints what docs/links.md has to hold.
"""

import ast
import sys
from collections.abc import Callable, Iterator
from dataclasses import replace

import pytest
from streamlit.testing.v1 import AppTest

from core.config import PROJECT
from pages.ui.session import link_names, registry
from pages.ui.session.registry import View
from tests.driving import walking

OpenApp = Callable[..., AppTest]
DOCUMENT = PROJECT / "docs" / "links.md"
HEAD = """# Links

The address of a page opens again what one sees. Each parameter says one thing; what is left out is
as it is to begin with, and so is what does not fit. A parameter with several values comes several
times; `none` is an empty list.
"""


def document() -> str:
    """docs/links.md as it should be."""
    rows = [f"| `{name}` | {about} |" for name, about in link_names.LINK_NAMES.items()]
    rows += [f"| `{name}...` | {about} |" for name, about in link_names.FAMILIES.items()]
    return "\n".join([HEAD, "| name | what it says |", "|---|---|", *rows, ""])


PAGES_WITH_VIEWS = {
    views.key: (page, views)
    for page in registry.PAGES
    for views in page.views
    if page.name != "learn"  # its steps have no control of this kind
}


@pytest.mark.parametrize("key", PAGES_WITH_VIEWS)
def test_control_of_a_page_offers_the_views_that_are_registered(
    open_app: OpenApp, key: str
) -> None:
    page, views = PAGES_WITH_VIEWS[key]
    app = open_app().switch_page(page.file).run()
    (control,) = [one for one in app.get("button_group") if one.key == views.key]
    assert [option.content for option in control.proto.options] == [
        view.title.partition(": ")[2] or view.title for view in views.views
    ]


def test_view_added_to_the_registry_is_walked_through_and_missed_where_it_is_not_drawn(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    views = registry.ROBUSTNESS
    more = replace(views, views=(*views.views, View("New", "New", "a new one")))
    pages = tuple(
        replace(page, views=(more,)) if page.name == "robustness" else page
        for page in registry.PAGES
    )
    monkeypatch.setattr(walking, "PAGES", pages)
    assert "/robustness?robust_view=New" in [stop.link for stop in walking.stops()]
    assert "New" in more.help()
    with pytest.raises(ValueError, match="New"):
        more.each(dict.fromkeys(views.names, print))


def test_view_that_is_not_registered_cannot_be_drawn_or_opened() -> None:
    names = dict.fromkeys((*registry.OUTLIERS.names, "other"), print)
    with pytest.raises(ValueError, match="other"):
        registry.OUTLIERS.each(names)
    with pytest.raises(ValueError, match="other"):
        registry.OUTLIERS.open("other")


def test_every_page_with_views_says_how_each_is_drawn() -> None:
    drawn = {
        ast.unparse(call.func.value)
        for path in (PROJECT / "pages").rglob("*.py")
        for call in ast.walk(ast.parse(path.read_text("utf-8")))
        if isinstance(call, ast.Call)
        and isinstance(call.func, ast.Attribute)
        and call.func.attr == "each"
    }
    every = [views for page in registry.PAGES for views in page.views]
    named = {name for name, one in vars(registry).items() if one in every}
    assert drawn == named


def publish_something() -> None:
    """A page with a value that nobody registered."""
    import streamlit as st

    from pages.ui.session import state

    st.session_state["nobody_knows_me"] = 1
    state.publish("nobody_knows_me", 0)


def test_name_that_is_not_registered_cannot_become_part_of_a_link() -> None:
    assert len(AppTest.from_function(publish_something).run().exception) == 1
    assert not link_names.is_link_name("nobody_knows_me")


def strings(path: str) -> Iterator[str]:
    """All texts in the code of a folder, with what stands between their braces left out."""
    for file in (PROJECT / path).rglob("*.py"):
        if file.name != "link_names.py":
            for node in ast.walk(ast.parse(file.read_text("utf-8"))):
                if isinstance(node, ast.Constant) and isinstance(node.value, str):
                    yield node.value


def test_every_registered_name_is_used() -> None:
    used = {*strings("pages"), *strings("core")}
    made = {
        *link_names._OF_ARCHITECTURES,
        *link_names._OF_VIEWS,
        "convolve_mnist-5k",
        "convolve_shapes",
    }
    assert set(link_names.LINK_NAMES) - made <= used
    assert "convolve_" in used
    assert set(link_names.FAMILIES) <= used


def test_document_of_links_lists_every_name_and_says_what_it_is() -> None:
    assert DOCUMENT.read_text("utf-8") == document(), __doc__


if __name__ == "__main__":
    sys.stdout.write(document())
