"""The embedded procedural set `shapes`: every factor known, planted defects in the test split."""

from __future__ import annotations

from dataclasses import fields
from typing import TYPE_CHECKING

import numpy as np

from core import arraycache, config
from core.data.named import defects, drawing
from core.images.imagesets import ImageSet, numbered_ids

if TYPE_CHECKING:
    import pandas as pd

ID = "shapes"
N_TRAIN, N_TEST, N_DEFECTIVE = 4_000, 1_000, 200
N_HELD_OUT = 1_000
SPLITS = ("train", "test", "held out", "defective")  # each is drawn from a seed of its own
CLASS_NAMES = drawing.SHAPES
SEED = 0
BATCH = 250  # pictures drawn at a time: enough for numpy, little enough for the processor's cache
FACTORS = tuple(field.name for field in fields(drawing.Scenes))


def load_shapes(split: str) -> ImageSet:
    """4,000 clean pictures to train on, or 1,000 to test on of which 200 have a defect.

    split: "train", "test", or "held out": 1,000 more clean ones; see core.data.named.held_out; or
    "defective": 200 more, each with a defect.

    factors: shape (a word), hue, rotation (degrees), size, x, y (pixels), background (0 to 1),
    defect ("none" or one of defects.KINDS), is_outlier.
    masks: the pixels the defect changed; None where no picture has one.
    """
    path = config.data_dir() / f"shapes-{split.replace(' ', '-')}-v1.npz"
    arrays = arraycache.cached(path, ("images", "masks", "defect", *FACTORS), lambda: make(split))
    return ImageSet(
        id=ID,
        split=split,
        images=arrays["images"],
        labels=arrays["shape"].astype(np.int64),
        class_names=CLASS_NAMES,
        ids=numbered_ids(f"{ID}/{split}", range(len(arrays["images"]))),
        factors=_factor_table(arrays),
        masks=arrays["masks"] if split == "test" else None,
    )


def make(split: str) -> arraycache.Arrays:
    """Draw a split anew: images, masks (without defects of one pixel), defect and factors."""
    n = {"train": N_TRAIN, "test": N_TEST, "defective": N_DEFECTIVE}.get(split, N_HELD_OUT)
    n_defective = N_DEFECTIVE if split in ("test", "defective") else 0
    rng = np.random.default_rng([SEED, SPLITS.index(split)])
    scenes = drawing.random_scenes(n, rng)
    planted = defects.random_defects(n, n_defective, rng)
    batches = [slice(start, start + BATCH) for start in range(0, n, BATCH)]
    drawn = [defects.draw_with(scenes.rows(rows), planted.rows(rows)) for rows in batches]
    masks = np.concatenate([masks for _, masks in drawn])
    return {
        "images": np.concatenate([images for images, _ in drawn]),
        "masks": masks if n_defective else masks[:, :1, :1],
        "defect": planted.kind,
    } | {name: getattr(scenes, name) for name in FACTORS}


def _factor_table(arrays: arraycache.Arrays) -> pd.DataFrame:
    import pandas as pd  # a third of a second that loading digits does not need

    words = {
        "shape": np.array(CLASS_NAMES)[arrays["shape"]],
        "defect": np.array(("none", *defects.KINDS))[arrays["defect"] + 1],
        "is_outlier": arrays["defect"] >= 0,
    }
    return pd.DataFrame({name: arrays[name] for name in FACTORS} | words)
