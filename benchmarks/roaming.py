"""A visitor who does what comes to mind: another page, other data, another model, any control.

Nothing is clicked that deletes, trains, downloads or keeps something. What is chosen comes from few
values each, so that many visitors meet in the same views.
"""

import random
from collections.abc import Callable
from typing import Any, NamedTuple

from streamlit.proto.WidgetStates_pb2 import WidgetState

from tests.driving.session import Rerun
from tests.driving.visitor import Visitor

PRESSED = ("Shuffle", "Swap")  # buttons that change nothing but the view
NEVER = ("Camera", "Reviewer", "Your name")
SHARES = {"page": 0.35, "Data": 0.08, "Model": 0.10, "Part": 0.05}  # the rest: any control
SWEEP = "hourglass_sweep"
VALUES = (0.0, 0.3, 0.5, 1.0)  # where a slider is let go, as a share of its range


class View(NamedTuple):
    """What is looked at: the same for all visitors to whom the page shows the same."""

    page: str
    query: str


class Roamer(Visitor):
    """A visitor who clicks at random.  rng: all chance."""

    def __init__(self, address: str, page: str, rng: random.Random) -> None:
        self._rng, self.page = rng, page
        super().__init__(address, page)

    @property
    def view(self) -> View:
        """Where the visitor is now."""
        return View(self.page, self.query)

    def click(self) -> tuple[str, Rerun]:
        """Do something, and say what."""
        drawn = self._rng.random()
        for what, share in SHARES.items():
            drawn -= share
            if drawn < 0 and (done := self._named(what)):
                return done
        return self._any() or self._turn()

    def _named(self, what: str) -> tuple[str, Rerun] | None:
        if what == "page":
            return self._turn()
        kind = "button_group" if what == "Part" else "selectbox"
        found = [one for one in self.elements(kind) if one.label == what]
        return self._set(kind, found[0]) if found else None

    def _turn(self) -> tuple[str, Rerun]:
        others = sorted(name for name in self.pages if name != self.page)
        self.page = self._rng.choice(others)
        return f"page {self.page or 'reconstruct'}", self.turn_to(self.page)

    def _any(self) -> tuple[str, Rerun] | None:
        """Any control on the page except those that are chosen by their names."""
        found = [
            (kind, one)
            for kind in CHANGES
            for one in self.elements(kind)
            if _is_free(kind, one) and getattr(one, "label", "") not in (*SHARES, *NEVER)
        ]
        return self._set(*self._rng.choice(found)) if found else None

    def _set(self, kind: str, one: Any) -> tuple[str, Rerun] | None:
        state = WidgetState(id=one.id)
        if not CHANGES[kind](state, one, self._rng):
            return None
        name = one.component_name if kind == "bidi_component" else one.label
        return f"{kind} {name}", self.change(state, kept=False)


def _is_free(kind: str, one: Any) -> bool:
    if kind == "bidi_component":
        return bool(one.component_name.endswith(SWEEP))
    if getattr(one, "disabled", False) or getattr(one, "form_id", ""):
        return False
    return kind != "button" or one.label in PRESSED


def _press(state: WidgetState, _: Any, __: random.Random) -> bool:
    state.trigger_value = True
    return True


def _choose(state: WidgetState, one: Any, rng: random.Random) -> bool:
    if one.options:
        state.string_value = rng.choice(list(one.options))
    return bool(one.options)


def _pick(state: WidgetState, one: Any, rng: random.Random) -> bool:
    options = [option.content for option in one.options]
    if options:
        state.string_array_value.data.append(rng.choice(options))
    return bool(options)


def _several(state: WidgetState, one: Any, rng: random.Random) -> bool:
    n = min(3, one.max_selections or 3, len(one.options))
    state.string_array_value.data.extend(rng.sample(list(one.options), n))
    return n > 0


def _switch(state: WidgetState, _: Any, rng: random.Random) -> bool:
    state.bool_value = rng.random() < 0.5
    return True


def _enter(state: WidgetState, one: Any, rng: random.Random) -> bool:
    """What it stands at, or a step more."""
    value = one.default + rng.choice((0, 1)) * one.step
    if one.has_max:
        value = min(value, one.max)
    if one.data_type == one.INT:
        state.int_value = int(value)
    else:
        state.double_value = value
    return True


def _slide(state: WidgetState, one: Any, rng: random.Random) -> bool:
    if one.options:
        state.string_array_value.data.append(rng.choice(list(one.options)))
    else:
        steps = round((one.max - one.min) / one.step) if one.step else 0
        state.double_array_value.data.append(one.min + round(rng.choice(VALUES) * steps) * one.step)
    return True


def _sweep(state: WidgetState, _: Any, rng: random.Random) -> bool:
    state.json_value = f'{{"value": {rng.choice(VALUES)}}}'
    return True


CHANGES: dict[str, Callable[[WidgetState, Any, random.Random], bool]] = {
    "button": _press,
    "selectbox": _choose,
    "radio": _choose,
    "button_group": _pick,
    "multiselect": _several,
    "checkbox": _switch,
    "number_input": _enter,
    "slider": _slide,
    "bidi_component": _sweep,
}
