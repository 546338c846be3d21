"""What is measured of copying is kept on disk, and what is read again says the same."""

from pathlib import Path

import numpy as np
import pytest
import streamlit as st

from core import checkpoints, datasets, robustness
from core.comparing import strangers
from core.inference import Autoencoder
from pages.ui.robust import copies


def test_copying_read_after_a_restart_equals_what_was_measured(
    home: Path, only_tiny_models: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    st.cache_resource.clear()  # another test may have measured the same model
    card = checkpoints.load("tiny-dense").card
    first = copies.measured("mnist-5k", "test", [card])[card.name]
    st.cache_resource.clear()
    monkeypatch.setattr(strangers, "copies", None)  # would fail if it were measured again
    again = copies.measured("mnist-5k", "test", [card])[card.name]
    assert again is not first
    assert again.passed == first.passed
    model, x = Autoencoder.load("tiny-dense"), robustness.spread(datasets.load("mnist-5k"), 200)
    assert again.passed == pytest.approx(strangers.noise_passed(model, x.pixels(), 0), rel=1e-4)
    for one, before in zip(again.copies, first.copies, strict=True):
        np.testing.assert_array_equal(one.mse, before.mse)
        assert one.kept == before.kept
        assert len(one.mse) == 200
        np.testing.assert_allclose(
            one.mse[: copies.N_PICTURES], model.errors(one.x), rtol=1e-4, atol=1e-7
        )
