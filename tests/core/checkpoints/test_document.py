"""Each text, number and list of a checkpoint's document has a bound, and what is past it is
refused in a short sentence.
"""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec import inspect

from core.checkpoints import Card, fileformat
from core.checkpoints import document as documents
from core.checkpoints.document import Document
from core.config import CheckpointError
from core.images.preparation import Preparation
from core.models import ARCHITECTURES
from core.settings import Setting, TrainSettings, settings_of
from core.text import visible
from tests.core.models_for_tests import SHAPE, tiny_document

Place = tuple[str | int, ...]
FREE = ("options",)  # whose bounds are those of the architecture
EPOCH = documents.EpochRecord(1, 0.1, 0.1, 1.0, 100.0)
FULL = tiny_document(
    "dense",
    training=documents.TrainingRecord(
        epochs=1,
        batch_size=8,
        learning_rate=0.01,
        weight_decay=0.0,
        seed=0,
        noise=documents.NoiseRecord(),
        n_images=10,
        seconds=1.0,
        asked=TrainSettings(),
    ),
    excluded_classes=("5",),
    history=(EPOCH,),
    explained_variance=(0.5,),
    health=documents.HealthRecord(0.01, 0.07, 0.02, 0.9, 0.0, 0.0),
    choice=documents.ChoiceRecord({"torch": {"torch": 0.9}}, "torch", 200),
    preparation=Preparation(
        size=SHAPE[1:], channels=1, range_mode="set", range_low=0, range_high=1
    ),
)


def places(kind: inspect.Type, at: Place = ()) -> Iterator[tuple[Place, inspect.Type | Setting]]:
    """All fields of a type and of what it is made of, with their types."""
    yield at, kind
    match kind:
        case inspect.StructType():
            for field in kind.fields:
                yield from places(field.type, (*at, field.name))
        case inspect.UnionType():
            for one in kind.types:
                yield from ((place, inner) for place, inner in places(one, at) if place != at)
        case inspect.TupleType():
            for i, item in enumerate(kind.item_types):
                yield from places(item, (*at, i))
        case inspect.VarTupleType():
            yield from places(kind.item_type, (*at, 0))
        case inspect.DictType() if at != FREE:
            yield from places(kind.value_type, (*at, "torch"))
        case inspect.DataclassType() if kind.cls is TrainSettings:
            yield from (((*at, setting.name), setting) for setting in settings_of(kind.cls))


PLACES = tuple(places(inspect.type_info(Document)))


def changed(at: Place, value: Any) -> str:
    """The JSON of a full document with another value in one place."""
    made = json.loads(documents.to_json(FULL))
    if not at:
        return json.dumps(value)
    within = made
    for step in at[:-1]:
        within = within[step]
    within[at[-1]] = value
    return json.dumps(made)


def beyond(setting: Setting) -> list[Any]:
    """Values past the bounds of a setting."""
    if setting.kind in ("int", "float"):
        return [setting.low - 1, setting.high + 1, 10**40, -(10**40), "1", []]
    return [5, "x" * 10**6, [], None]


def too_much(kind: inspect.Type | Setting) -> list[Any]:
    """Values past the bounds of a type; an assertion fails if it has none."""
    if isinstance(kind, Setting):
        return beyond(kind)
    match kind:
        case inspect.StrType():
            assert kind.max_length or kind.pattern, "a text without a bound"
            return ["x" * ((kind.max_length or 64) + 1), "x" * 10**6, None, 5, ["x"]]
        case inspect.IntType() | inspect.FloatType():
            assert kind.ge is not None
            assert kind.le is not None, "a number without a bound"
            return [kind.le + 1, kind.ge - 1, 10**40, -(10**40), "1", None, []]
        case inspect.VarTupleType():
            assert kind.max_length, "a list without a bound"
            return [[1] * (kind.max_length + 1), {}, "x", None]
        case inspect.DictType():
            assert kind.max_length, "a dict without a bound"
            return [{str(i): "1" for i in range(kind.max_length + 1)}, {"x" * 301: "1"}, []]
        case inspect.UnionType():
            known = (one for one in kind.types if not isinstance(one, inspect.NoneType))
            return [value for one in known for value in too_much(one) if value is not None]
        case inspect.DataclassType() | inspect.StructType() | inspect.TupleType():
            return [[1] * 100, [], 5, None, "x" * 10**6]
        case inspect.BoolType() | inspect.LiteralType():
            return [[], 5, 0, "true", None, "x" * 10**6]
    raise AssertionError(f"a kind of field that this test does not know: {kind}")


@pytest.mark.parametrize(
    ("at", "kind"), [one for one in PLACES if one[0] != FREE], ids=lambda one: str(one)[:60]
)
def test_every_field_is_bounded_and_what_is_past_it_is_refused(
    at: Place, kind: inspect.Type | Setting
) -> None:
    for value in too_much(kind):
        with pytest.raises(CheckpointError, match="description is not ours") as caught:
            documents.from_json(changed(at, value))
        assert len(str(caught.value)) < 300
        assert str(caught.value).isprintable()


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=5,
)
LARGE = st.sampled_from(
    [10**30, -1, 1e308, "x" * 10**5, ["x"] * 5000, [[[[]]]] * 100, {"x" * 5000: 1}, "a\n\u202eb"]
)


@settings(max_examples=60)
@given(st.sampled_from([at for at, _ in PLACES if at]), JSON | LARGE)
def test_document_with_any_value_in_any_place_is_refused_or_shown_in_short_lines(
    at: Place, value: Any
) -> None:
    for shown in what_is_shown(changed(at, value)):
        assert len(shown) < 300
        assert visible(shown) == shown


def what_is_shown(text: str) -> list[str]:
    """What people see of a document: why it is refused, or what it says of the model."""
    try:
        document = documents.from_json(text)
        card = Card("a", Path(), False, document, fileformat.plan_of(document))
    except CheckpointError as error:
        return [str(error)]
    return [card.title, card.dataset_title]


@pytest.mark.parametrize("text", ["", "\ud800", '{"format": "\\ud800"}', "[" * 10**5, "5", "null"])
def test_text_that_is_no_document_is_refused(text: str) -> None:
    with pytest.raises(CheckpointError, match="description is not ours"):
        documents.from_json(text)


def test_numbers_that_json_has_not_are_refused() -> None:
    for number in ("NaN", "Infinity", "-Infinity", "1e999"):
        text = documents.to_json(FULL).replace('"seconds":1.0', f'"seconds":{number}')
        assert number in text
        with pytest.raises(CheckpointError, match="description is not ours"):
            documents.from_json(text)


HOSTILE_OPTIONS: tuple[Any, ...] = (
    "x" * 10**6,
    [1] * 10**5,
    [[[]]],
    {"a": 1},
    10**40,
    -(10**40),
    1e308,
    None,
)


@pytest.mark.parametrize("spec", ARCHITECTURES, ids=lambda spec: spec.name)
def test_every_option_is_bounded_and_what_is_past_it_is_refused_in_a_short_sentence(
    spec: Any,
) -> None:
    names = [option.name for option in spec.options]
    for name in (*names, "x" * 10**5, "new\nline"):
        for value in HOSTILE_OPTIONS:
            document = tiny_document(spec.name, options={name: value})
            with pytest.raises(CheckpointError, match="out of bounds") as caught:
                fileformat.plan_of(document)
            assert len(str(caught.value)) < 300
            assert str(caught.value).isprintable()


def test_title_stays_short_with_very_many_and_very_long_classes_left_out() -> None:
    for names in (("x" * 300,) * 1000, ("a\nb\u2028c\u202ed",), tuple(map(str, range(1000)))):
        document = tiny_document("dense", excluded_classes=names)
        card = Card("a", Path(), False, document, fileformat.plan_of(document))
        assert len(card.title) <= 150
        assert card.title.isprintable()
    assert card.title == "Dense, D' = 3, without 0, 1, 2, 3 and 996 more"


def test_document_whose_images_are_prepared_in_another_shape_is_refused() -> None:
    with pytest.raises(CheckpointError, match="another shape"):
        documents.from_json(changed(("preparation", "size"), [16, 16]))


def test_document_written_before_preparations_were_noted_is_read() -> None:
    made = json.loads(documents.to_json(FULL))
    del made["preparation"]
    assert documents.from_json(json.dumps(made)).preparation is None
