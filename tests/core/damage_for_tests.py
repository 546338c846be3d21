"""Damage to JSON documents and to files, for property tests."""

import json
from typing import Any

from hypothesis import strategies as st

ODD_NUMBERS = st.sampled_from(
    [float("inf"), float("-inf"), float("nan"), 1e300, -1e300, 10**400, -1, 0, 2**63, 1e-320, True]
)
ODD_TEXTS = st.sampled_from(["", "\ud800", "\0", "x" * 20_000, "<b>", "Infinity", "\u202e", "a\nb"])
SCALARS = st.none() | ODD_NUMBERS | st.floats() | st.integers() | ODD_TEXTS | st.text(max_size=5)
VALUES = st.recursive(
    SCALARS,
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=4), inner, max_size=3)
    ),
    max_leaves=6,
)
BYTES = st.one_of(
    st.binary(max_size=40).map(lambda new: lambda _: new),
    st.integers(0, 600).map(lambda n: lambda old: old[:n]),
    st.tuples(st.integers(0, 600), st.binary(min_size=1, max_size=8)).map(
        lambda hit: lambda old: old[: hit[0]] + hit[1] + old[hit[0] + len(hit[1]) :]
    ),
    st.just(lambda _: b"[" * 100_000),
    st.just(lambda old: old * 3),
)


def damaged(document: Any, data: st.DataObject) -> Any:
    """A document of which something, at any depth, is gone or is something else."""
    if not isinstance(document, dict) or not document or data.draw(st.integers(0, 9)) == 0:
        return data.draw(VALUES)
    name = data.draw(st.sampled_from(sorted(document)))
    if isinstance(document[name], dict) and data.draw(st.booleans()):
        return document | {name: damaged(document[name], data)}
    if data.draw(st.integers(0, 5)) == 0:
        return {key: value for key, value in document.items() if key != name}
    return document | {name: data.draw(VALUES)}


def written(document: Any) -> bytes:
    """As a careless program writes it: with NaN and Infinity, which are no JSON."""
    return json.dumps(document).encode()
