"""The seven steps and the examples of failures, and the navigation between them."""

from collections.abc import Callable
from dataclasses import dataclass

import streamlit as st

from pages.ui.learn import (
    convolve,
    deeper,
    denoise,
    enduring,
    linear,
    parts,
    squeeze,
    unusual,
    wrong,
)
from pages.ui.session import state
from pages.ui.session.registry import LEARN


@dataclass(frozen=True)
class Step:
    """A step of the page.  name: in the link.  draw: draws its figure and text."""

    name: str
    title: str
    draw: Callable[[], None]


DRAWN = LEARN.each(
    {
        "1": squeeze.draw,
        "2": linear.draw,
        "3": deeper.draw,
        "4": unusual.draw,
        "5": enduring.draw,
        "6": denoise.draw,
        "7": convolve.draw,
        "wrong": wrong.draw_what_goes_wrong,
    }
)
ALL = tuple(Step(view.name, view.title, DRAWN[view.name]) for view in LEARN.views)
*STEPS, SHELF = ALL


def current() -> Step:
    """Draw the navigation; return the step that is open."""
    names = [step.name for step in ALL]
    state.recall(LEARN.key, names[0], names)
    state.publish(LEARN.key, names[0])
    at = names.index(st.session_state[LEARN.key])
    with st.container(horizontal=True, vertical_alignment="center"):
        _button("Previous", ":material/arrow_back:", "P", at - 1)
        _button("Next", ":material/arrow_forward:", "N", at + 1)
        st.progress(min(at + 1, len(STEPS)) / len(STEPS), text=_place(at), width=140)
        with st.popover("All steps", icon=":material/list:", help="Open any step"):
            for i, step in enumerate(ALL):
                _open_button(step, i == at)
    return ALL[at]


def draw(step: Step) -> None:
    """Draw the step, and below it the names of its models."""
    with parts.noted() as names:
        step.draw()
    listed = ", ".join(f"`{name}`" for name in names) or "all that take digits of this size"
    st.caption(f"Models of this step: {listed}.")


def heading(step: Step) -> str:
    """The title of a step with its number."""
    return step.title if step is SHELF else f"{step.name} · {step.title}"


def _place(at: int) -> str:
    return f"{at + 1} of {len(STEPS)}" if at < len(STEPS) else f"after the {len(STEPS)} steps"


def _button(label: str, icon: str, key: str, to: int) -> None:
    there = 0 <= to < len(ALL)
    st.button(
        label,
        icon=icon,
        key=f"learn_{label.lower()}",
        shortcut=key,
        disabled=not there,
        on_click=_open,
        args=(ALL[to].name if there else "",),
        help=heading(ALL[to]) if there else "There is no further step",
    )


def _open_button(step: Step, is_open: bool) -> None:
    st.button(
        heading(step),
        key=f"learn_open_{step.name}",
        type="primary" if is_open else "tertiary",
        on_click=_open,
        args=(step.name,),
        help="The step that is open" if is_open else "Open this step",
    )


def _open(name: str) -> None:
    st.session_state[LEARN.key] = name
