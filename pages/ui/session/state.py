"""Values of the session that are part of the link.

A widget whose value belongs to the link calls recall() before it and publish() after it. A
published value is remembered while its widget is not drawn, as on another page. A link that is
entered takes precedence over remembered values; its values are kept until a widget reads them.
"""

from collections.abc import Collection, Iterable, Sequence
from typing import Any, Literal, NamedTuple, TypeVar

import streamlit as st

from pages.ui.session import existing, link_names

T = TypeVar("T")
NONE = "none"  # in a link: an empty list
_PAGE, _ON_ENTRY, _BEGUN = "page", "on_entry", "begun"
_REMEMBERED, _PUBLISHED, _LINKED = "remembered", "published", "linked"


def recall(
    key: str,
    default: Any,
    options: Sequence[Any],
    what: str = "",
    besides: Collection[str] = (),
) -> None:
    """Set st.session_state[key] to one of options: its value, or that of the link, or default.

    A link holds str() of an option.  what: what the options are; if given, names in the link that
    are no option are noted for a warning (note_refusal).  besides: names that are never noted.
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
    """Set st.session_state[key] to a list of options: its value, or that of the link, or default.

    Names that are no option are dropped.  what, besides: as for recall().
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
    """The number under key, in [low, high]: its value, or that of the link, or default."""
    try:
        value = float(asked(key, default))
    except (TypeError, ValueError):
        value = default
    st.session_state[key] = value if low <= value <= high else default
    return float(st.session_state[key])


def recall_whole(key: str, default: int, low: int, high: int) -> int:
    """The whole number under key, in [low, high]; numbers with a fraction are ignored."""
    value = recall_number(key, default, low, high)
    st.session_state[key] = int(value) if value == int(value) else default
    return int(st.session_state[key])


def recall_flag(key: str, default: bool = False) -> None:
    """Set st.session_state[key] to True or False: its value, or that of the link, or default."""
    said = _written(asked(key, default))
    st.session_state[key] = said == "true" if said in ("true", "false") else default


def flag(key: str, default: bool = False) -> bool:
    """Whether a switch is on that is perhaps not drawn now."""
    return _written(asked(key, default)) == "true"


def recall_text(key: str, default: str, longest: int) -> None:
    """Set st.session_state[key] to a text: its value, or that of the link, or default."""
    st.session_state[key] = str(asked(key, default))[:longest] or default


def asked(key: str, default: Any) -> Any:
    """The session's value under key, else that of the link, else default."""
    return _held(key, _linked().get(key, [default])[-1])


def publish(key: str, default: Any) -> None:
    """Write st.session_state[key] to the link, unless it is the default, and remember it."""
    _check(key)
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
    """Write a list without a widget to the link; an empty list is left out."""
    _check(key)
    st.query_params.pop(key, None)
    if values:
        st.query_params[key] = list(values)


def linked(key: str) -> list[str] | None:
    """The link's values under key in the first run after it was entered, else None."""
    return _linked().pop(key, None)


def forget(keys: Iterable[str]) -> None:
    """Reset the widgets with these keys to their defaults."""
    for key in keys:
        for of in (st.session_state, _remembered(), _linked(), st.query_params):
            of.pop(key, None)


def enter(page: str) -> None:
    """Record which page is shown, and discard the values that on_entry() kept for the last page.

    If the page was entered by a link or the browser's Back button, the link takes precedence.
    """
    if st.session_state.get(_PAGE) != page:
        st.session_state[_PAGE] = page
        st.session_state[_ON_ENTRY] = {}
        forget_refusals()
        _follow_link()


def page() -> str:
    """The name in the link of the page that is shown."""
    return str(st.session_state.get(_PAGE, ""))


def on_entry(key: str, value: float) -> float:
    """The value at the first run of the page since it was entered, the same at each rerun.

    It is the initial value of a slider in a component.
    """
    kept: dict[str, float] = st.session_state.setdefault(_ON_ENTRY, {})
    return kept.setdefault(key, value)


def on_appearance(key: str, value: T) -> T:
    """The value when the component with this key first appeared, the same at each rerun.

    It is the initial position of what moves in the browser; call it before the component.
    """
    begun: dict[str, T] = st.session_state.setdefault(_BEGUN, {})
    if key not in st.session_state:
        begun[key] = value
    return begun.setdefault(key, value)


def _check(key: str) -> None:
    """Raise KeyError for a name that is not registered: tests and docs would not know of it."""
    if not link_names.is_link_name(key):
        raise KeyError(f"{key} is no name in links: add it to pages/ui/session/link_names.py")


def _held(key: str, otherwise: Any) -> Any:
    """The value of the widget with this key, else the remembered value, else `otherwise`."""
    return st.session_state.get(key, _remembered().get(key, otherwise))


def _follow_link() -> None:
    """Drop published values that differ from the link; a link changes no other state."""
    published: set[str] = st.session_state.setdefault(_PUBLISHED, set())
    for key in st.query_params:
        if key in published:
            _remembered().pop(key, None)
            st.session_state.pop(key, None)
        _linked()[key] = st.query_params.get_all(key)


def _remembered() -> dict[str, Any]:
    """Published values that are not the default, by key."""
    found: dict[str, Any] = st.session_state.setdefault(_REMEMBERED, {})
    return found


def _linked() -> dict[str, list[str]]:
    """Values of the links by which pages were entered that no widget has read yet."""
    found: dict[str, list[str]] = st.session_state.setdefault(_LINKED, {})
    return found


def _note_refused(key: str, what: str, names: list[str], taken: Any) -> None:
    """Note refused names; of remembered values only those that were deleted."""
    held = key in st.session_state or key in _remembered()
    if held:
        names = [name for name in names if existing.is_gone(what, name)]
    if what and names and (held or key in _linked()):
        note_refusal(key, what, names, taken, "gone" if held else "link")


def _written(value: Any) -> str | list[str]:
    if isinstance(value, bool):
        return str(value).lower()
    return list(map(str, value)) if isinstance(value, list | tuple) else str(value)


# Names that do not exist, from a link or deleted since, noted until another value is chosen.

LONGEST = 80  # most characters of a name that are shown
Why = Literal["link", "gone", "renamed"]
_NOTED = "refused"


class Refused(NamedTuple):
    """A name that does not exist.  what: kind of thing.  taken: the value used instead.

    why: it is from a link; it was deleted; or it was renamed to the value used instead.
    """

    what: str
    name: str
    taken: Any
    why: Why = "link"


def note_refusal(key: str, what: str, names: Iterable[str], taken: Any, why: Why = "link") -> None:
    """Note names that do not exist and the value used instead, replacing earlier notes of key."""
    noted = st.session_state.setdefault(_NOTED, {})
    noted[key] = [Refused(what, name[:LONGEST], taken, why) for name in names]


def noted_refusals() -> list[Refused]:
    """The notes whose replacement value is still the session's value."""
    found: dict[str, list[Refused]] = st.session_state.get(_NOTED, {})
    return [
        one for key, some in found.items() for one in some if st.session_state.get(key) == one.taken
    ]


def forget_refusals() -> None:
    """Discard all notes, because another page is shown."""
    st.session_state[_NOTED] = {}
