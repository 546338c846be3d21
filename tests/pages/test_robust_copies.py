"""What is measured of copying is kept on disk, and what is read again says the same."""

from pathlib import Path

import numpy as np
import pytest
import streamlit as st

from core import checkpoints
from core.data import catalogue
from core.inference import Autoencoder
from core.robustness import copying, curves
from pages.ui.robust import copying as robust_copying


def test_copying_read_after_a_restart_equals_what_was_measured(
    home: Path, only_tiny_models: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    st.cache_resource.clear()  # another test may have measured the same model
    card = checkpoints.load("tiny-dense").card
    first = robust_copying.measured_copying("mnist-5k", "test", [card])[card.name]
    st.cache_resource.clear()
    monkeypatch.setattr(copying, "copies", None)  # would fail if it were measured again
    again = robust_copying.measured_copying("mnist-5k", "test", [card])[card.name]
    assert again is not first
    assert again.passed == first.passed
    model, x = Autoencoder.load("tiny-dense"), curves.spread(catalogue.load("mnist-5k"), 200)
    assert again.passed == pytest.approx(copying.noise_passed(model, x.pixels(), 0), rel=1e-4)
    for one, before in zip(again.copies, first.copies, strict=True):
        np.testing.assert_array_equal(one.mse, before.mse)
        assert one.kept == before.kept
        assert len(one.mse) == 200
        np.testing.assert_allclose(
            one.mse[: robust_copying.N_PICTURES], model.errors(one.x), rtol=1e-4, atol=1e-7
        )
