"""Maps of codes: the same every time, faithful, and computed in a process that can be stopped."""

import subprocess
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from core import config, principal
from core.background import Cancelled
from core.config import OptionError
from core.latent import durations, project_process, projections, structure
from core.latent.project_process import project_apart
from tests.core.latent.test_structure import blobs


@pytest.fixture(scope="module")
def groups() -> tuple[np.ndarray, np.ndarray]:
    return blobs(150, k=8)


@pytest.mark.slow
@pytest.mark.parametrize("method", ["tsne", "pacmap"])
def test_map_keeps_groups_apart_tells_its_progress_and_is_the_same_again(
    groups: tuple[np.ndarray, np.ndarray], method: str
) -> None:
    z, labels = groups
    heard: list[tuple[int, int]] = []
    places = projections.project(z, method, 3, lambda *steps: heard.append(steps))
    assert places.shape == (150, 2)
    assert places.dtype == np.float32
    assert structure.neighbour_accuracy(places, labels) == 1
    assert [done for done, _ in heard] == sorted(done for done, _ in heard)
    assert heard[-1][0] == heard[-1][1]
    assert (places == projections.project(z, method, 3)).all()


def test_map_by_pca_is_the_principal_plane(groups: tuple[np.ndarray, np.ndarray]) -> None:
    z, _ = groups
    expected = principal.principal_axes(z, 2).coordinates(z)
    np.testing.assert_allclose(projections.project(z, "pca"), expected, rtol=1e-5)


@pytest.mark.parametrize("method", projections.BY_NAME)
def test_codes_of_two_numbers_are_their_own_map(method: str) -> None:
    z, _ = blobs(9, k=2)
    assert (projections.project(z, method) == z).all()


@pytest.mark.parametrize("method", ["tsne", "pacmap"])
def test_too_few_codes_are_refused_with_what_to_do(method: str) -> None:
    with pytest.raises(OptionError, match="at least 50 codes: take pca"):
        projections.project(blobs(49)[0], method)


def test_unknown_projection_is_refused_by_name() -> None:
    with pytest.raises(OptionError, match="'umap': choose pca, pacmap, tsne"):
        projections.project(blobs()[0], "umap")


@pytest.mark.slow
def test_projection_apart_gives_the_same_places_and_tells_its_progress(
    groups: tuple[np.ndarray, np.ndarray],
) -> None:
    z, _ = groups
    heard: list[tuple[int, int]] = []
    places = project_apart(z, "tsne", 3, lambda *steps: heard.append(steps))
    assert heard[0] == (0, project_process.UNITS)
    assert [done for done, _ in heard] == sorted(done for done, _ in heard)
    np.testing.assert_allclose(places, projections.project(z, "tsne", 3), rtol=1e-3, atol=1e-3)


def test_expected_duration_grows_with_images_and_follows_what_was_measured(
    home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("psutil.getloadavg", lambda: (0.0, 0.0, 0.0))
    quiet = durations.expected("pacmap", 10_000, 32)
    assert durations.expected("pacmap", 20_000, 32).total > quiet.total
    assert durations.expected("pca", 10_000, 32).total == 0
    for _ in range(20):  # a machine that takes four times as long
        durations.note("pacmap", 10_000, 32, 4 * quiet.total)
    assert durations.expected("pacmap", 10_000, 32).total == pytest.approx(
        4 * quiet.total, rel=0.01
    )


def test_expected_duration_counts_what_else_the_machine_does(
    home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("core.latent.durations.cores", lambda: 2)
    monkeypatch.setattr("psutil.getloadavg", lambda: (0.5, 0.0, 0.0))
    quiet = durations.expected("tsne", 5_000, 32).total
    monkeypatch.setattr("psutil.getloadavg", lambda: (7.0, 0.0, 0.0))
    assert durations.expected("tsne", 5_000, 32).total == pytest.approx(4 * quiet)


def test_time_left_is_that_of_the_clock_first_and_then_that_of_the_steps() -> None:
    expected = durations.Expected(before=8, steps=2)

    def left(seconds: float, done: int) -> float:
        share = expected.share(seconds, done, 100)
        return seconds * (1 - share) / share

    assert left(4, 0) == pytest.approx(6)
    assert left(16, 0) > 2  # it takes longer than was expected, which is told while it runs
    assert left(16, 1) == pytest.approx(4, rel=0.1)
    assert left(19, 100) == 0


@pytest.mark.parametrize("pace", ["", "much", "nan", "inf", "-1", "1e9"])
def test_pace_that_is_none_is_left_aside(
    home: Path, monkeypatch: pytest.MonkeyPatch, pace: str
) -> None:
    monkeypatch.setattr("psutil.getloadavg", lambda: (0.0, 0.0, 0.0))
    usual = durations.expected("tsne", 5_000, 32)
    config.data_dir().mkdir()
    (config.data_dir() / durations.FILE).write_text(pace)
    assert durations.expected("tsne", 5_000, 32) == usual


def test_projection_apart_that_cannot_be_done_fails_with_its_reason() -> None:
    with pytest.raises(OptionError, match="t-SNE needs at least 50 codes: take pca."):
        project_apart(blobs(20)[0], "tsne", 0, lambda *_: None)


def test_projection_apart_that_is_killed_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("core.latent.project_process.ONE_THREAD", {"PYTHONHOME": "/nowhere"})
    with pytest.raises(OptionError, match="ended with code"):
        project_apart(blobs(60)[0], "tsne", 0, lambda *_: None)


def test_projection_apart_ends_at_once_and_leaves_nothing_when_its_listener_raises(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    started: list[Any] = []
    begin = subprocess.Popen

    def watched(*args: Any, **options: Any) -> Any:
        started.append(begin(*args, **options))
        return started[0]

    monkeypatch.setattr("core.latent.project_process.subprocess.Popen", watched)
    with pytest.raises(Cancelled):
        project_apart(blobs(3000, k=8)[0], "tsne", 0, cancel)
    assert started[0].poll() is not None
    assert list(tmp_path.iterdir()) == []


def cancel(_done: int, _total: int) -> None:
    raise Cancelled
