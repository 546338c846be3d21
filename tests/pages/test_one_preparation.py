"""A file has the same score by its path, as an image of a data set, in a shard and uploaded."""

import io
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from PIL import Image

from core import checkpoints
from core.config import local_checkpoints_dir
from core.data import catalogue
from core.data.offered.gate import Terms, in_files, in_folder
from core.data.own import make_set
from core.data.own.draft import Form
from core.data.own.import_images import gather
from core.data.own.make_set import Keeping
from core.data.own.upload import read_pictures
from core.inference import Autoencoder
from core.streaming.scoring import score
from core.training.config import TrainConfig
from core.training.trainer import train
from pages.ui.own.look import fit_of
from pages.ui.own.tray import Tray
from tests.core.cli.test_cli import Run, run
from tests.core.models_for_tests import error_line

__all__ = ["run"]
RNG = np.random.default_rng(11)
N = 14
Files = dict[str, bytes]


def content(image: Image.Image, kind: str = "PNG", **options: Any) -> bytes:
    file = io.BytesIO()
    image.save(file, kind, **options)
    return file.getvalue()


def pictures() -> Files:
    """Of many sizes and kinds, some turned by their EXIF data, one large."""
    made = {}
    for i in range(N):
        side = (1500, 1100) if i == 0 else tuple(RNG.integers(20, 90, 2).tolist())
        small = RNG.integers(0, 256, (6, 5, 3), dtype=np.uint8)
        image = Image.fromarray(small).resize(side)
        exif = Image.Exif()
        exif[0x0112] = 6
        if i % 3 == 0:
            made[f"{i:02d}.jpg"] = content(image, "JPEG", **({"exif": exif} if i % 2 else {}))
        else:
            made[f"{i:02d}.png"] = content(image if i % 3 == 1 else image.convert("L"))
    return made


def camera() -> Files:
    """12 bits in 16, and some plain files among them."""
    deep = {
        f"{i:02d}.tif": content(Image.fromarray(values), "TIFF")
        for i, values in enumerate(RNG.integers(0, 4096 // (1 + np.arange(N)[:, None, None] % 3),
                                                (N, 40, 30)).astype(np.uint16))
    }  # fmt: skip
    return deep | dict(list(pictures().items())[1:4])


def floats() -> Files:
    scenes = RNG.random((N, 33, 41)).astype(np.float32) * 70 - 5
    return {f"{i:02d}.tif": content(Image.fromarray(x), "TIFF") for i, x in enumerate(scenes)}


def sprites() -> Files:
    """White on nothing, and some that are opaque."""
    made = {}
    for i in range(N):
        x = np.full((40, 40, 4), 255, np.uint8)
        alpha = Image.fromarray(RNG.integers(0, 256, (4, 4), dtype=np.uint8))
        x[..., 3] = np.asarray(alpha.resize((40, 40)))
        made[f"{i:02d}.png"] = content(Image.fromarray(x))
    return made | dict(list(pictures().items())[1:3])


@pytest.mark.parametrize(
    ("files", "form"),
    [
        (pictures, Form((24, 24), 3)),
        (pictures, Form((24, 24), 3, "pad")),
        (pictures, Form((24, 24), 1, "stretch")),
        (pictures, Form((28, 28), 1, "digit")),
        (pictures, Form((16, 40), 3, "pad", resampling="nearest")),
        (pictures, Form((40, 17), 1, values=(20, 200))),
        (camera, Form((20, 20), 1)),
        (camera, Form((20, 20), 3, values="file")),
        (floats, Form((20, 24), 1, "pad")),
        (sprites, Form((20, 20), 3)),
        (sprites, Form((20, 20), 1, ground=(200, 30, 90))),
    ],
)
def test_score_is_the_same_by_path_as_a_set_in_shards_and_uploaded(
    files: Callable[[], Files], form: Form, home: Path, tmp_path: Path, run: Run
) -> None:
    made = files()
    (tmp_path / "files").mkdir()
    for name, data in made.items():
        (tmp_path / "files" / name).write_bytes(data)
    draft = gather(in_folder(tmp_path / "files", Terms()), form, "a test")
    own_set = make_set.make(draft, "mine", Keeping(repeats=True))
    images, tested = (catalogue.load(own_set.id, split) for split in ("train", "test"))
    config = TrainConfig(own_set.id, "pca", {"latent_dim": 3})
    list(train(config, images, tested, local_checkpoints_dir() / "m.safetensors"))

    def errors(source: object, out: str, *more: object) -> dict[str, float]:
        code, said, told = run("score", "m", source, "--out", tmp_path / out, "--json", *more)
        assert code == 0, told
        assert json.loads(said)
        parts = sorted((tmp_path / out).glob("*.parquet"))
        found = pd.concat([pd.read_parquet(one) for one in parts or [tmp_path / out]])
        return dict(zip(found["id"], found["error"], strict=True))

    model = Autoencoder.load("m")
    expected = dict(
        zip(draft.names, model.errors(np.divide(draft.pixels(), np.float32(255))), strict=True)
    )
    equal = pytest.approx(expected, rel=1e-6)
    uploaded = Tray()
    uploaded.add(*read_pictures(in_files([(n, io.BytesIO(d)) for n, d in made.items()], Terms())))
    offered = uploaded.images(fit_of(checkpoints.load("m").card))
    assert errors(own_set.id, "set.parquet", "--split", "all") == equal
    assert errors(tmp_path / "files", "path.parquet") == equal
    assert errors(tmp_path / "files", "part.parquet", "--split", "all") == pytest.approx(
        expected, rel=1e-6
    )
    assert errors(tmp_path / "files", "shards", "--shard-size", 5) == pytest.approx(
        expected, rel=1e-6
    )
    in_tray = score(model, offered, error_line()).table
    assert dict(zip(in_tray["id"], in_tray["error"], strict=True)) == pytest.approx(
        expected, rel=1e-6
    )
    order = {name: i for i, name in enumerate(draft.names)}
    at = [order[name] for name in offered.ids.tolist()]
    np.testing.assert_array_equal(offered.images, draft.pixels()[at])  # byte by byte
    run("encode", "m", tmp_path / "files", "--out", tmp_path / "codes.parquet", "--json")
    codes = pd.read_parquet(tmp_path / "codes.parquet")
    assert dict(zip(codes["id"], codes["error"], strict=True)) == equal
