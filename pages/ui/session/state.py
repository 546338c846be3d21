"""What the session remembers: choices that are part of the link.

A widget whose value belongs to the link calls recall() before it and publish() after it. What is
published is remembered when its widget is gone, on another page, say. A link that is entered
counts more, and what it says is kept until a widget asks for it.
"""

from collections.abc import Collection, Iterable, Sequence
from typing import Any, Literal, NamedTuple, TypeVar

import streamlit as st

from pages.ui.session import existing

T = TypeVar("T")
NONE = "none"  # an empty list, in a link
_PAGE, _ON_ENTRY, _BEGUN = "page", "on_entry", "begun"
_REMEMBERED, _PUBLISHED, _LINKED = "remembered", "published", "linked"


def recall(
    key: str,
    default: Any,
    options: Sequence[Any],
    what: str = "",
    besides: Collection[str] = (),
) -> None:
    """Make st.session_state[key] one of options: as it is, or as the link says, or default.

    An option is written in a link as str() writes it.  what: what the options are; with it, a name
    in the link that is not among them is noted, see refusals.py.  besides: names that are not.
    """
    named = {str(option): option for option in options}
    name = str(asked(key, default))
    _note_refused(key, what, [] if name in named or name in besides else [name], default)
    st.session_state[key] = named.get(name, default)


def recall_several(
    key: str,
    default: Sequence[Any],
    options: Sequence[Any],
    what: str = "",
    besides: Collection[str] = (),
) -> None:
    """The same for a list of options; what is none of them is dropped.

    besides: names that are dropped without a note.
    """
    named = {str(option): option for option in options}
    in_link = [value for value in _linked().get(key, ()) if value != NONE]
    wanted = list(map(str, _held(key, in_link if key in _linked() else default)))
    kept = list(dict.fromkeys(named[name] for name in wanted if name in named))
    found = kept if kept or not wanted else list(default)
    lost = [name for name in wanted if name not in named and name not in besides]
    _note_refused(key, what, lost, found)
    st.session_state[key] = found


def recall_number(key: str, default: float, low: float, high: float) -> float:
    """The number under key, as it is, or as the link says, or default, in [low, high]."""
    try:
        value = float(asked(key, default))
    except (TypeError, ValueError):
        value = default
    st.session_state[key] = value if low <= value <= high else default
    return float(st.session_state[key])


def recall_whole(key: str, default: int, low: int, high: int) -> int:
    """The same for a whole number; one with a fraction is no such number."""
    value = recall_number(key, default, low, high)
    st.session_state[key] = int(value) if value == int(value) else default
    return int(st.session_state[key])


def recall_flag(key: str, default: bool = False) -> None:
    """Make st.session_state[key] True or False: as it is, or as the link says, or default."""
    said = _written(asked(key, default))
    st.session_state[key] = said == "true" if said in ("true", "false") else default


def recall_text(key: str, default: str, longest: int) -> None:
    """Make st.session_state[key] a text: as it is, or as the link says, or default."""
    st.session_state[key] = str(asked(key, default))[:longest] or default


def asked(key: str, default: Any) -> Any:
    """What the session knows under key, else what the link says, else default."""
    return _held(key, _linked().get(key, [default])[-1])


def publish(key: str, default: Any) -> None:
    """Make st.session_state[key] part of the link, unless it is the default; and remember it."""
    value = st.session_state[key]
    st.session_state.setdefault(_PUBLISHED, set()).add(key)
    _linked().pop(key, None)
    if value == default:
        _remembered().pop(key, None)
        st.query_params.pop(key, None)
    else:
        _remembered()[key] = value
        st.query_params[key] = NONE if value == [] else _written(value)


def publish_list(key: str, values: Sequence[str]) -> None:
    """Make a list part of the link that is no widget's; an empty one is left out."""
    st.query_params.pop(key, None)
    if values:
        st.query_params[key] = list(values)


def linked(key: str) -> list[str] | None:
    """What the link says under key, once: when a page has just been entered by it. Else None."""
    return _linked().pop(key, None)


def forget(keys: Iterable[str]) -> None:
    """Let the widgets with these keys take their defaults again."""
    for key in keys:
        for of in (st.session_state, _remembered(), _linked(), st.query_params):
            of.pop(key, None)


def enter(page: str) -> None:
    """Note which page is shown; what on_entry() kept for the one before is forgotten.

    Where the page is entered by a link, or by going back to it, the link counts.
    """
    if st.session_state.get(_PAGE) != page:
        st.session_state[_PAGE] = page
        st.session_state[_ON_ENTRY] = {}
        forget_refusals()
        _follow_link()


def page() -> str:
    """The page that is shown, as it is called in a link."""
    return str(st.session_state.get(_PAGE, ""))


def on_entry(key: str, value: float) -> float:
    """The value this had when the page was entered, the same from rerun to rerun.

    It is where a slider in a component first stands.
    """
    kept: dict[str, float] = st.session_state.setdefault(_ON_ENTRY, {})
    return kept.setdefault(key, value)


def on_appearance(key: str, value: T) -> T:
    """The value this had when the component with this key appeared, the same from rerun to rerun.

    It is where something that is moved in the browser first stands; call it before the component.
    """
    begun: dict[str, T] = st.session_state.setdefault(_BEGUN, {})
    if key not in st.session_state:
        begun[key] = value
    return begun.setdefault(key, value)


def _held(key: str, otherwise: Any) -> Any:
    """What the session has under key: its widget's value, or what is remembered, or otherwise."""
    return st.session_state.get(key, _remembered().get(key, otherwise))


def _follow_link() -> None:
    """Forget what the link says otherwise; only what was published is a link's to change."""
    published: set[str] = st.session_state.setdefault(_PUBLISHED, set())
    for key in st.query_params:
        if key in published:
            _remembered().pop(key, None)
            st.session_state.pop(key, None)
        _linked()[key] = st.query_params.get_all(key)


def _remembered() -> dict[str, Any]:
    """What was published and is not the default, by key."""
    found: dict[str, Any] = st.session_state.setdefault(_REMEMBERED, {})
    return found


def _linked() -> dict[str, list[str]]:
    """What the links by which pages were entered say, as far as nobody has asked for it yet."""
    found: dict[str, list[str]] = st.session_state.setdefault(_LINKED, {})
    return found


def _note_refused(key: str, what: str, names: list[str], taken: Any) -> None:
    """What the session held is noted only if it is gone: that it no longer fits is no news."""
    held = key in st.session_state or key in _remembered()
    if held:
        names = [name for name in names if existing.is_gone(what, name)]
    if what and names and (held or key in _linked()):
        note_refusal(key, what, names, taken, "gone" if held else "link")


def _written(value: Any) -> str | list[str]:
    if isinstance(value, bool):
        return str(value).lower()
    return list(map(str, value)) if isinstance(value, list | tuple) else str(value)


# Names that are not here, in a link or any more, noted until something else is chosen.

LONGEST = 80  # letters of a name that are shown
Why = Literal["link", "gone", "renamed"]
_NOTED = "refused"


class Refused(NamedTuple):
    """A name that is not here.  what: of what.  taken: the value taken instead.

    why: a link names it; it was here and is gone; or it has another name now, which is taken.
    """

    what: str
    name: str
    taken: Any
    why: Why = "link"


def note_refusal(key: str, what: str, names: Iterable[str], taken: Any, why: Why = "link") -> None:
    """Note what is not here under key and what is taken instead, in place of what was noted."""
    noted = st.session_state.setdefault(_NOTED, {})
    noted[key] = [Refused(what, name[:LONGEST], taken, why) for name in names]


def noted_refusals() -> list[Refused]:
    """All that is noted, as long as what was taken instead is in the session."""
    found: dict[str, list[Refused]] = st.session_state.get(_NOTED, {})
    return [
        one for key, some in found.items() for one in some if st.session_state.get(key) == one.taken
    ]


def forget_refusals() -> None:
    """Another page is shown."""
    st.session_state[_NOTED] = {}
