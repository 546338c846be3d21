"""What the Robustness page draws and says, made from small known numbers."""

import json
import shlex
from dataclasses import replace
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
import pytest

from core.checkpoints import Card
from core.checkpoints.document import MetricsRecord, NoiseRecord
from core.inference import Autoencoder
from core.models import architecture
from core.noise import Noise
from core.robustness.copying import UNKNOWN_KINDS, Copy
from core.robustness.curves import INPUT, METRICS, Curve, Study, levels
from core.robustness.sizes import table
from core.robustness.sweeps import noise_sweep
from core.runs.series import Progress
from pages.ui.components.sweep.chart import Chart, Line
from pages.ui.figures import lines, plotting, text, theme
from pages.ui.robust import chart as robust_chart
from pages.ui.robust import controls as robust_controls
from pages.ui.robust import sizes
from pages.ui.robust import wall as robust_ranking
from pages.ui.robust.chart import BandKind, CurveOptions
from pages.ui.robust.copying import Copying, copying_verdict
from pages.ui.robust.questions import questions
from tests.core.models_for_tests import SHAPE, tiny_checkpoint, tiny_document

MSE, PSNR, _ = METRICS
SIGMAS = levels(11)
AT = np.array(SIGMAS)


def card(name: str, arch: str = "dense", sigma: float = 0.0, **options: Any) -> Card:
    spec = architecture(arch)
    document = tiny_document(arch, (1, 28, 28), options=spec.check(options))
    training = msgspec.structs.replace(document.training, noise=NoiseRecord(sigma=sigma))
    document = msgspec.structs.replace(document, training=training)
    return Card(name, Path(), False, document, spec.plan((1, 28, 28), document.options))


def curve(name: str, mean: np.ndarray, draws: int = 1) -> Curve:
    """60 images about a mean; each draw adds its number, in thousandths."""
    spread = np.linspace(0.9, 1.1, 60)
    return Curve(name, np.stack([mean[:, None] * spread + d * 1e-3 for d in range(draws)]))


def study(draws: int = 1) -> Study:
    models = (
        curve("plain", (0.02 + 0.4 * AT) ** 2, draws),
        curve("denoising", (0.1 + 0.05 * AT) ** 2, draws),
    )
    return Study(SIGMAS, MSE, models, curve(INPUT, AT**2, draws))


CARDS = (card("plain"), card("denoising", sigma=0.5))


def chart(
    band: BandKind = "images", log: bool = True, shown: Study | None = None
) -> tuple[Chart, list[Line]]:
    drawn_as = {"plain": theme.style(0), "denoising": theme.style(1)}
    look = CurveOptions(drawn_as, "gaussian", band, log)
    drawn = robust_chart.chart(shown or study(3), CARDS, look)
    return drawn, [line for line in drawn.lines if not line.reference]


def test_chart_marks_each_crossing_with_the_sentence_that_tells_it() -> None:
    drawn, _ = chart(shown=study())
    (numbered,) = [dot for dot in drawn.dots if dot.number]
    assert numbered.text == "Above σ 0.23 denoising beats plain."
    assert numbered.x == pytest.approx(0.08 / 0.35, abs=1e-3)
    assert numbered.y == pytest.approx((0.02 + 0.4 * numbered.x) ** 2, rel=1e-2)
    small = [dot for dot in drawn.dots if not dot.number]
    assert [dot.text.split(":")[0] for dot in small] == [
        "plain is of use above σ 0.03",
        "denoising is of use above σ 0.11",
    ]


def test_chart_marks_the_noise_that_a_model_was_trained_with() -> None:
    _, (plain, denoising) = chart()
    assert (plain.mark, plain.note) == (None, "")
    assert (denoising.mark, denoising.note) == (0.5, "trained at σ 0.5")


def test_chart_band_is_of_images_or_draws_or_none() -> None:
    wide, narrow, none = (chart(band)[1][0] for band in ("images", "draws", "none"))
    assert none.low == none.high == ()
    widths = [np.array(line.high) - np.array(line.low) for line in (wide, narrow)]
    assert (widths[0] > widths[1]).mean() > 0.9
    np.testing.assert_allclose(widths[1][[0, 50, 100]], 2e-3, rtol=1e-3)


def test_chart_is_logarithmic_for_an_mse_only() -> None:
    in_decibel = Study(
        SIGMAS, PSNR, (curve("plain", 40 - 20 * AT), curve("denoising", 20 - AT)),
        curve(INPUT, np.where(AT > 0, -20 * np.log10(np.maximum(AT, 0.1)), 1000.0)),
    )  # fmt: skip
    assert [chart(log=True)[0].log, chart(log=False)[0].log] == [True, False]
    drawn, _ = chart(log=True, shown=in_decibel)
    assert (drawn.log, drawn.higher_is_nearer) == (False, True)
    assert "dB" in drawn.y_title
    assert np.isnan(drawn.lines[-1].y[0])  # endlessly near, and drawn nowhere


def test_chart_as_it_is_sent_is_plain_json() -> None:
    line = Line("a", (float("nan"), 1.0), "#000000")
    document = Chart((0.0, 1.0), (line,)).document()
    assert json.loads(json.dumps(document, allow_nan=False)) == document
    assert document["lines"][0]["y"] == [None, 1.0]


def test_long_table_has_a_row_an_amount_and_a_curve() -> None:
    found = robust_chart.long_table(study(3), {"clip": True, "dataset": "x"})
    assert len(found) == 3 * 11
    row = found[(found["checkpoint"] == "plain") & (found["sigma"] == 0.5)].iloc[0]
    assert row["mean"] == pytest.approx(0.22**2 + 1e-3)
    assert (row["least_draw"], row["greatest_draw"]) == pytest.approx((0.22**2, 0.22**2 + 2e-3))
    assert row["images_10"] < row["mean"] < row["images_90"]
    assert found["clip"].all()


def test_sayings_leave_no_pair_out() -> None:
    crossing, others, use = robust_chart.sayings(study())
    assert (len(crossing), len(others), len(use)) == (1, 0, 2)


def test_questions_find_pairs_that_differ_in_one_thing() -> None:
    large: dict[str, Any] = {"latent_dim": 1568, "widths": []}
    cards = (
        card("two", latent_dim=2),
        card("large", **large),
        card("large-linear", bounded=False, **large),
        card("large-noisy", sigma=0.5, **large),
        card("pca", "pca", latent_dim=2),
    )
    asked = {question.title: question.names for question in questions(cards)}
    assert asked == {
        "D' = 2 or D' = 2D": ("two", "large", "large-linear", "large-noisy"),
        "Linear or bounded output": ("large", "large-linear"),
        "Noise in training or not": ("large", "large-noisy"),
    }


def test_questions_without_models_that_answer_them_are_not_asked() -> None:
    assert questions((card("two", latent_dim=2), card("pca", "pca", latent_dim=2))) == ()


def test_ranks_of_the_wall_equal_a_sort_of_each_image() -> None:
    x = np.random.default_rng(0).random((3, *SHAPE), np.float32)
    models = [Autoencoder(tiny_checkpoint(arch)) for arch in ("dense", "pca", "conv")]
    sweep = noise_sweep(x, models, Noise(), 0, np.array([0.4]))
    found = robust_ranking.ranks(sweep)
    for i in range(3):
        errors = [sweep.noisy_mse[0, i], *(model.mse[0, i] for model in sweep.models)]
        assert found[:, i].tolist() == [sorted(errors).index(error) + 1 for error in errors]


def test_verdict_on_copying_goes_by_the_worst_kind() -> None:
    def copying(least: float, passed: float) -> Copying:
        x = np.zeros((1, 1, 1, 1), np.float32)
        kept = [1.0, 1.0, 1.0, 1.0, least]
        copies = [Copy(s, x, x, np.zeros(1), k) for s, k in zip(UNKNOWN_KINDS, kept, strict=True)]
        return Copying(tuple(copies), passed)

    assert copying_verdict({"a": copying(0.5, 0.1), "b": copying(0.5, 0.025)}) == (
        "None of these models copies whatever it is given. "
        "a lets the most noise through, 10 %, b the least, 2.5 %."
    )
    assert copying_verdict({"a": copying(0.95, 0.9)}).startswith(
        "a copies whatever it is given. a lets"
    )
    both = copying_verdict({"a": copying(0.95, 0.9), "b": copying(0.95, 0.8)})
    assert both.startswith("a, b copy whatever they are given.")


def sized(arch: str, k: int, mse: float) -> Card:
    made = card(f"{arch}-{k}", arch, latent_dim=k)
    metrics = MetricsRecord("mnist-5k", "test", 10, mse, 10.0, 0.5)
    document = msgspec.structs.replace(made.document, metrics=metrics)
    return Card(made.name, Path(), True, document, made.plan)


def test_summary_of_sizes_names_the_greatest_gain_and_who_loses() -> None:
    cards = [sized("pca", 2, 0.06), sized("pca", 8, 0.03), sized("dense", 2, 0.03)]
    assert sizes.summary(table(cards)) == ("dense-2 gains most over PCA of its size, 2.00 times.")
    said = sizes.summary(table([*cards, sized("dense", 8, 0.04)]))
    assert said.endswith("; dense-8 loses to PCA, 0.75 times.")
    assert "train the missing" in sizes.summary(table(cards[:2]))


def test_size_chart_has_a_point_a_model_and_a_line_through_the_best() -> None:
    cards = [sized("pca", 2, 0.06), sized("dense", 2, 0.05), sized("dense", 2, 0.04)]
    figure = plotting.figure(lines.size_chart(table(cards)))
    pca, pca_points, dense, dense_points = figure.data
    assert (pca.name, dense.name) == ("pca", "dense")
    assert len(pca_points.x) == 1
    assert sorted(dense_points.y) == [0.04, 0.05]
    assert list(dense.y) == [0.04]
    assert figure.layout.xaxis.title.text
    assert figure.layout.yaxis.title.text


def test_data_set_with_most_comparable_models_is_offered_first() -> None:
    cards = [sized("pca", 2, 0.06)]
    assert sizes.comparable(cards, "mnist") == ("mnist-5k", "mnist")
    assert sizes.comparable([], "mnist") == ("mnist",)


def test_data_set_that_only_a_stranger_names_is_not_offered() -> None:
    cards = [replace(sized("pca", 2, 0.06), shipped=False)]
    assert sizes.comparable(cards, "mnist") == ("mnist",)


def test_command_for_a_terminal_is_quoted_for_the_shell() -> None:
    named = "own:x; $(touch y) `z` '"
    said = sizes.study_command(named, ["pca"], [2])
    assert shlex.split(said)[5] == named
    assert text.code(said).startswith("`` ")
    assert text.code("a b") == "`a b`"


def test_progress_of_a_study_between_two_models_says_so() -> None:
    assert sizes.study_told(Progress(1, 3, None)) == "1 of 3 done: preparing the next"
    assert Progress(1, 4, None).share == 0.25
    assert Progress(0, 0, None).share == 0


@pytest.mark.parametrize(
    ("shape", "n"),
    [((1, 28, 28), "1000"), ((3, 64, 64), "1000"), ((3, 128, 128), "200"), ((3, 512, 512), "50")],
)
def test_fewer_images_are_measured_to_begin_with_where_they_are_large(
    shape: tuple[int, int, int], n: str
) -> None:
    assert robust_controls.default_count(shape) == n
