"""Sources in shards: which of their files are images, and of which class."""

import io
import tarfile
import zipfile
from pathlib import Path

import pytest

from core.data.offered.gate import Terms
from core.streaming.shards import Sample, shards, streaming_terms
from tests.core.data.own.test_import_images import image_file

MASKS = "6 masks of defects left out"


def written(kind: str, files: dict[str, bytes], folder: Path) -> Path:
    """The files as a folder, a zip or a tar."""
    path = folder / f"x.{kind}"
    if kind == "folder":
        for name, content in files.items():
            (path / name).parent.mkdir(parents=True, exist_ok=True)
            (path / name).write_bytes(content)
    elif kind == "zip":
        with zipfile.ZipFile(path, "w") as packed:
            for name, content in files.items():
                packed.writestr(name, content)
    else:
        with tarfile.open(path, "w:gz" if kind == "tar.gz" else "w") as tar:
            for name, content in files.items():
                info = tarfile.TarInfo(name)
                info.size = len(content)
                tar.addfile(info, io.BytesIO(content))
    return path


def samples(path: Path, terms: Terms) -> list[Sample]:
    return [one for shard in shards(path, 4, terms) for one in shard.samples()]


def defects() -> dict[str, bytes]:
    """The defect layout, with masks first, and what a storage system adds."""
    picture = image_file(8, 8)
    files = {f"part/ground_truth/crack/{i}_mask.png": picture for i in range(6)}
    files |= {f"part/test/crack/{i}.png": picture for i in range(6)}
    files |= {f"part/test/good/{i}.png": picture for i in range(3)}
    files |= {f"part/train/good/{i}.png": picture for i in range(9)}
    return files | {
        "part/test/good/@eaDir/0.png": picture,
        "__MACOSX/part/test/good/._0.png": picture,
        "part/.hidden/0.png": picture,
    }


@pytest.mark.parametrize("kind", ["folder", "zip", "tar", "tar.gz"])
def test_masks_of_the_defect_layout_are_no_images_and_parts_are_no_classes(
    kind: str, tmp_path: Path
) -> None:
    terms = streaming_terms()
    found = samples(written(kind, defects(), tmp_path), terms)
    labels = [one.label for one in found]
    assert (labels.count("crack"), labels.count("good"), len(labels)) == (6, 12, 18)
    assert not [one.id for one in found if "ground_truth" in one.id or "MACOSX" in one.id]
    assert [said[: len(MASKS)] for said in terms.told] == [MASKS]


@pytest.mark.parametrize("kind", ["folder", "zip", "tar"])
def test_folder_called_mask_among_classes_is_a_class(kind: str, tmp_path: Path) -> None:
    files = {f"{c}/{i}.png": image_file(8, 8) for c in ("mask", "no_mask") for i in range(3)}
    found = samples(written(kind, files, tmp_path), streaming_terms())
    assert [one.label for one in found] == ["mask"] * 3 + ["no_mask"] * 3


@pytest.mark.parametrize("kind", ["folder", "zip"])
def test_table_of_labels_is_no_image_and_names_the_classes(kind: str, tmp_path: Path) -> None:
    rows = "\ufeffFILE;Label\n" + "".join(f"{i}.png;{'ab'[i % 2]}\n" for i in range(5))
    files = {f"{i}.png": image_file(8, 8) for i in range(6)} | {"labels.csv": rows.encode()}
    terms = streaming_terms()
    found = samples(written(kind, files, tmp_path), terms)
    assert [(one.id, one.label) for one in found] == [
        (f"{i}.png", "(none)" if i == 5 else "ab"[i % 2]) for i in range(6)
    ]
    assert "1 image" in terms.told[0]
