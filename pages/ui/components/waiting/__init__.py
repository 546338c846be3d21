"""A bar for what other processes compute, which asks the server by itself how far that is."""

from collections.abc import Sequence
from typing import NamedTuple

from pages.ui.components.component import component, heard


class Asking(NamedTuple):
    """How the bar asks for progress.  path: answers JSON.  seconds: between requests."""

    path: str
    seconds: float


def show(names: Sequence[str], share: float, words: str, asking: Asking) -> None:
    """The bar of these computations; when they are over the page is drawn again.

    share: of all that is done, 0 to 1.  words: what is said above the bar.
    """
    asked = {"path": asking.path, "pause": round(1000 * asking.seconds)}
    _component(
        key=f"waiting_{names[0]}_{len(names)}",
        data={"names": list(names), "share": share, "words": words} | asked,
        default={"over": ""},
        on_over_change=heard,
    )


_component = component("waiting")
