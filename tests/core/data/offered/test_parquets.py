"""Parquet files as public hubs write them: images in structs, classes as numbers with names."""

import io
import json
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from core.config import ImageRejected
from core.data.offered.files import Offer
from core.data.offered.gate import Terms, in_files
from tests.core.hostile_archives_for_tests import parquet_of, png

NAMES = ["airplane", "cat"]


def offered(content: bytes) -> list[Offer]:
    return list(in_files([("train-00000-of-00001.parquet", io.BytesIO(content))], Terms()))


def from_hub(image: str, label: str, paths: list[Any], features: Any = None) -> bytes:
    """Images in structs of bytes and path, and a column of numbers whose names are metadata."""
    content = [{"bytes": png(i), "path": path} for i, path in enumerate(paths)]
    kind = pa.struct([("bytes", pa.binary()), ("path", pa.string())])
    table = pa.table(
        {image: pa.array(content, kind), label: pa.array([i % 2 for i in range(len(paths))])}
    )
    if features is None:
        features = {"info": {"features": {label: {"names": NAMES, "_type": "ClassLabel"}}}}
    table = table.replace_schema_metadata({"huggingface": json.dumps(features)})
    file = io.BytesIO()
    pq.write_table(table, file)
    return file.getvalue()


@pytest.mark.parametrize(
    ("image", "label"), [("image", "label"), ("img", "fine_label"), ("picture", "target")]
)
def test_classes_have_the_names_that_the_file_says_and_images_those_they_had(
    image: str, label: str
) -> None:
    found = offered(from_hub(image, label, ["a.png", "b.png", "a.png", None, "../x.png"]))
    assert [one.label for one in found] == ["airplane", "cat", "airplane", "cat", "airplane"]
    assert [one.name for one in found] == ["a.png", "b.png", "2", "3", "4"]
    assert [one.read() for one in found] == [png(i) for i in range(5)]


@pytest.mark.parametrize(
    "features", [{}, [], {"info": {"features": {"label": {"names": 3}}}}, {"info": []}]
)
def test_metadata_of_another_form_leave_the_numbers(features: Any) -> None:
    found = offered(from_hub("image", "label", ["a", "b"], features))
    assert [one.label for one in found] == ["0", "1"]


def test_file_without_images_says_how_their_column_is_called() -> None:
    (found,) = offered(parquet_of({"text": ["a", "b"]}))
    with pytest.raises(ImageRejected, match="no column of images called image"):
        found.read()
