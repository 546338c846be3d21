"""What the steps of the Learn page say and draw of numbers that are given, without a page."""

from types import SimpleNamespace
from typing import Any

import numpy as np
import pandas as pd
import pytest

from core import checkpoints
from core.inference import Autoencoder
from core.latent import feature_maps
from core.robustness import sizes
from core.robustness.copying import UNKNOWN_KINDS, Copy
from pages.ui import cache
from pages.ui.learn import charts, convolve, copies, deeper
from pages.ui.robust.copying import Copying
from tests.core.models_for_tests import tiny_checkpoint

COLUMNS = ["name", "family", "layers", "latent_dim", "gain", "mse", "n_test"]
FLAT, SMALL, LARGE = "no hidden layers", "hidden layers 80-40", "hidden layers 512-256"


def networks(*rows: tuple[str, str, int, float]) -> pd.DataFrame:
    """rows: name, layers, D', gain."""
    return pd.DataFrame(
        [(name, "dense", layers, k, gain, 1 / gain, 10_000) for name, layers, k, gain in rows],
        columns=COLUMNS,
    )


def test_layers_are_compared_where_the_code_has_one_size() -> None:
    found = networks(("a", SMALL, 2, 1.7), ("b", FLAT, 32, 1.0), ("c", LARGE, 32, 4.6))
    first, others, *_ = deeper.words(found)
    assert f"With the same D' = 32: 1.00 with {FLAT} (`b`), 4.60 with {LARGE} (`c`)." in first
    assert "10,000 test images" in first
    assert "`a`" not in first
    assert others == f"With codes of other sizes: 1.70 with D' = 2 ({SMALL}, `a`)."


def test_gain_is_not_said_to_grow_with_the_code_where_layers_differ() -> None:
    found = networks(("a", SMALL, 2, 2.0), ("b", LARGE, 8, 3.0), ("c", FLAT, 32, 4.0))
    words = " ".join(deeper.words(found))
    assert "grow" not in words
    assert "do not show the effect of the code size" in words


@pytest.mark.parametrize(("gains", "said"), [((2, 3), " grows "), ((3, 2), "not always grow")])
def test_gain_with_the_same_layers_is_said_to_grow_only_if_it_does(
    gains: tuple[float, float], said: str
) -> None:
    found = networks(("a", SMALL, 2, gains[0]), ("b", SMALL, 8, gains[1]))
    assert f"With {SMALL} the gain" in deeper.words(found)[-1]
    assert said in deeper.words(found)[-1]


def test_lines_of_the_gains_join_networks_with_the_same_layers_only() -> None:
    found = networks(("a", SMALL, 2, 1.7), ("b", LARGE, 2, 2.0), ("c", LARGE, 8, 4.6))
    points = {trace.name: tuple(trace.text) for trace in charts.gains(found).data}
    assert points == {"80-40": ("a",), "512-256": ("b", "c")}


def test_pictures_of_growing_codes_are_of_networks_that_are_alike() -> None:
    cards = [card for card in checkpoints.available() if card.shipped]
    found = deeper.with_layers(sizes.table(sizes.study(cards, "mnist")), cards)
    pairs = deeper.pairs(cards, found)
    assert [pca.latent_dim for pca, _ in pairs] == [2, 8, 32]
    assert {network.architecture.name for _, network in pairs} == {"dense"}
    assert all(network.options["widths"] for _, network in pairs), "hidden layers"


def copying(kept: float, passed: float) -> Copying:
    x = np.zeros((1, 1, 2, 2), np.float32)
    return Copying(tuple(Copy(one, x, x, np.zeros(200), kept) for one in UNKNOWN_KINDS), passed)


def network(name: str, latent_dim: int) -> Any:
    return SimpleNamespace(name=name, latent_dim=latent_dim, input_shape=(1, 28, 28))


def test_best_copier_named_beside_room_for_every_pixel_has_that_room() -> None:
    cards = (network("tiny", 2), network("roomy", 784), network("conv", 256))
    found = (copying(0.03, 0.004), copying(0.88, 0.41), copying(0.98, 0.2))
    first, others, noise, _ = copies.words(cards, found, 2)
    assert "`roomy` (D' = 784) gives 88 % back. **That is close to a copy.**" in first
    assert "200 images" in first
    assert "conv" not in first
    assert "`conv` (D' = 256) gives 98 % back, `tiny` (D' = 2) 3 %" in others
    assert "the size of the code alone does not decide" in others
    assert "`roomy` lets 41 % through, `tiny` 0.4 %" in noise


def test_room_is_not_doubted_where_it_gives_most_back_and_not_claimed_where_there_is_none() -> None:
    roomy, small = network("roomy", 800), network("small", 32)
    words = " ".join(copies.words((roomy, small), (copying(0.9, 0.4), copying(0.5, 0.1)), 0))
    assert "the size of the code alone does not decide" not in words
    (first, *_) = copies.words((small,), (copying(0.9, 0.1),), 0)
    assert "None of these networks is overcomplete" in first
    assert "copy.**" not in first


def test_brightness_of_the_code_s_changes_is_the_share_that_is_said(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    model = Autoencoder(tiny_checkpoint("conv", (1, 28, 28)))
    monkeypatch.setattr(cache, "autoencoder", lambda _: model)
    _, h, w = model.card.plan.code_shape
    assert h == w > 1
    x = np.random.default_rng(0).random((3, 1, 28, 28), np.float32)
    _, felt = convolve.covered_frames(model.card, x, grid=h)
    places = felt[:, :, 0, :: 28 // h, :: 28 // w].reshape(h, w, len(x), h, w)
    own = sum(places[i, j, :, i, j].sum() for i in range(h) for j in range(w))
    share = feature_maps.felt_at_its_place(model, x)
    assert own / places.sum() == pytest.approx(share, rel=1e-3)
    assert f"{100 * share:.0f} % of the squared change" in convolve.words(model.card, share)[1]
