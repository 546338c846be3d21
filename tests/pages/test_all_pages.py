"""Every page says what it is for, and every control on it what it does."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl

import pytest
from streamlit.testing.v1 import AppTest

from tests.driving import walking
from tests.pages.conftest import APP

# What can have a help and is no control. Pagination and expanders are controls and can have none:
# their buttons are called "Next page", their headings say what is in them.
NO_CONTROLS = {
    "caption",
    "code",
    "header",
    "latex",
    "markdown",
    "metric",
    "subheader",
    "text",
    "title",
}
LONGEST = 220  # letters of the line under a title: one sentence or two


def controls(block: Any) -> Iterator[tuple[str, Any]]:
    """Kind and description of each control in a part of a page, in popovers and columns too."""
    for child in getattr(block, "children", {}).values():
        proto = getattr(child, "proto", None)
        fields = proto.DESCRIPTOR.fields_by_name if hasattr(proto, "DESCRIPTOR") else {}  # type: ignore[union-attr]
        if "help" in fields and child.type not in NO_CONTROLS:
            yield child.type, proto
        yield from controls(child)


@pytest.fixture
def shipped_models(own_checkpoints: Path, visited_before: None) -> None:
    """The app with the models that come with it."""


@pytest.mark.parametrize("stop", walking.stops(), ids=lambda stop: stop.name)
def test_page_says_what_it_is_for_and_each_control_what_it_does(
    stop: walking.Stop, request: pytest.FixtureRequest
) -> None:
    # Learn has models of its own; the others are quicker with tiny ones.
    request.getfixturevalue("shipped_models" if stop.page == "learn" else "open_app")
    app = AppTest.from_file(str(APP), default_timeout=60).run()
    for name, value in parse_qsl(stop.link.partition("?")[2]):
        app.query_params[name] = value
    app.switch_page(f"pages/{stop.page}.py").run()
    assert not app.exception
    assert not (stop.page == "learn" and app.error)
    (title,) = app.main.title
    captions = [one.value for one in app.main.caption]
    assert captions, title.value
    assert 20 < len(captions[0]) <= LONGEST, captions[0]
    found = list(controls(app.main))
    assert found
    found += controls(app.sidebar)
    silent = [f"{kind} {proto.label!r}" for kind, proto in found if not proto.help]
    assert silent == []
