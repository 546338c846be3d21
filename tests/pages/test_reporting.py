"""The button that makes a report, and what each page tells in one."""

import io
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from PIL import Image
from streamlit.testing.v1 import AppTest

from core import checkpoints, metrics, reports, runs
from core.data import catalogue
from core.data.own.draft import Form
from core.data.own.import_images import gather
from core.data.own.make_set import Keeping, make
from core.inference import Autoencoder
from core.latent import geometry, walks
from core.reports import Content, Table, Tile
from core.runs import Run
from core.runs.execute import execute
from core.runs.records import curves
from pages.ui.frame import downloads, tables
from pages.ui.frame.tables import Column, number
from pages.ui.session.registry import ROBUSTNESS
from tests.core.data.own.test_import_images import image_file, offers
from tests.core.models_for_tests import tiny_document, tiny_tensors
from tests.core.reports.test_reports import Page
from tests.core.runs_for_tests import new_run, write_images
from tests.pages.test_your_images import HOSTILE, digit_file, offered

OpenApp = Callable[..., AppTest]
VIEWS = tuple(name for name in ROBUSTNESS.names if name != "Studies")  # see test_studies.py
ROLES = ("noisy", "reconstructed")  # of rows with numbers


@pytest.fixture
def told(monkeypatch: pytest.MonkeyPatch) -> list[Content]:
    """What the pages would tell, each time that one is drawn."""
    found: list[Content] = []
    button = downloads.button

    def draw(make: Callable[[], Content], name: str) -> None:
        button(make, name)
        found.append(make())

    monkeypatch.setattr(downloads, "button", draw)
    return found


def opened(open_app: OpenApp, page: str, **link: Any) -> AppTest:
    app = open_app(**{"points": "500", "measured": "200"} | link)
    app = app.switch_page(f"pages/{page}.py").run() if page != "reconstruct" else app
    assert not app.exception
    assert not app.error
    return app


def numbers(table: Table, column: str) -> list[str]:
    return [row[table.columns.index(column)] for row in table.rows]


@pytest.mark.parametrize("page", ["reconstruct", "latent", "outliers", "robustness"])
def test_page_offers_a_report_that_stands_alone_and_names_models_data_and_seed(
    open_app: OpenApp, told: list[Content], page: str
) -> None:
    app = opened(
        open_app, page, model="tiny-dense", seed="7", sample="7", truth="planted", plant_seed="7"
    )
    assert any(one.label == "Copy report" for one in app.get("download_button"))  # type: ignore[union-attr]
    content = told[-1]
    found = Page(reports.html(content, "http://localhost/"))
    words = " ".join(found.words)
    assert not found.unclosed
    assert "tiny-dense" in {card.name for card in content.cards}
    for part in ("tiny-dense", "mnist-5k", *(card.sha256 for card in content.cards)):
        assert part in words
    assert any("seed" in name and value == "7" for name, value in content.settings.items())
    assert content.figures


def test_reconstruct_report_has_the_numbers_of_the_rows_on_the_page(
    open_app: OpenApp, told: list[Content]
) -> None:
    from tests.pages.test_reconstruct import sweep_of

    app = opened(open_app, "reconstruct", model="tiny-dense", compare=["tiny-pca"], sigma="0.3")
    sweep = sweep_of(app)
    frame = sweep.header["values"].index(0.3)
    table, _ = told[-1].tables
    rows = [i for i, row in enumerate(sweep.header["rows"]) if row["role"] in ROLES]
    means = [sweep.numbers(i)[frame].mean() for i in rows]
    assert numbers(table, "MSE") == [f"{mean:.4f}" for mean in means]
    assert told[-1].settings["σ"] == "0.30"


def test_reconstruct_report_tells_which_images_of_which_classes_are_shown(
    open_app: OpenApp, told: list[Content]
) -> None:
    from tests.pages.test_reconstruct import sweep_of

    app = opened(open_app, "reconstruct", classes=["3", "5"], n="8", shuffle="2")
    cells = sweep_of(app).header["cells"]
    settings, (_, table) = told[-1].settings, told[-1].tables
    assert settings["classes"] == "3, 5"
    assert "draw 2" in settings["order of images"]
    assert numbers(table, "image") == [cell["id"] for cell in cells]
    assert numbers(table, "class") == [cell["text"] for cell in cells]
    assert set(numbers(table, "class")) <= {"3", "5"}
    sweep = sweep_of(app)
    frame = sweep.header["values"].index(0.5)
    rows = [i for i, row in enumerate(sweep.header["rows"]) if row["role"] in ROLES]
    for i, column in zip(rows, table.columns[2:], strict=True):
        assert numbers(table, column) == [f"{mse:.4f}" for mse in sweep.numbers(i)[frame]]


def test_large_pictures_are_large_in_a_report() -> None:
    for side, width in ((28, 64), (64, 64), (96, 96), (128, 128), (256, 128)):
        (tile,) = downloads.tiles(np.zeros((1, side, side, 3), np.uint8), ["x"])
        assert tile.width == width


def test_outlier_report_lists_the_flagged_images_with_their_scores(
    open_app: OpenApp, told: list[Content]
) -> None:
    app = opened(open_app, "outliers", share="2.0")
    sentence = next(one.value for one in app.markdown if "flagged" in one.value)
    content = told[-1]
    flagged = int(sentence.split()[0].strip("*").replace(",", ""))
    assert content.sayings[0].startswith(f"{flagged:,} of 1,000 images flagged")
    table = content.tables[-1]
    assert len(table.rows) == min(flagged, 100)
    scores = [float(score) for score in numbers(table, "score")]
    assert scores == sorted(scores, reverse=True)


def test_outlier_report_compares_all_scores_where_the_page_does_and_tells_each_class(
    open_app: OpenApp, told: list[Content]
) -> None:
    link = {"truth": "planted", "section_outliers": "truth", "model": "tiny-dense"}
    app = opened(open_app, "outliers", **link)
    tables = {table.title: table for table in told[-1].tables}
    ranked = next(one.value for one in app.dataframe if "auroc" in one.value)
    against = tables["Against the truth"]
    assert sorted(numbers(against, "Score")) == sorted(ranked["score"])
    assert numbers(against, "AUROC") == [f"{value:.3f}" for value in ranked["auroc"]]
    n = sum(int(n) for n in numbers(tables["By class"], "Images"))
    assert f"{n:,}" == told[-1].settings["images"]


def test_robustness_report_has_the_table_of_the_page(
    open_app: OpenApp, told: list[Content]
) -> None:
    app = opened(open_app, "robustness", models=["tiny-dense", "tiny-pca"])
    shown = next(one.value for one in app.dataframe if "sigma" in one.value)
    (table,) = told[-1].tables
    for name in ("tiny-dense", "tiny-pca"):
        assert numbers(table, name) == [f"{value:.5f}" for value in shown[name]]


def test_latent_report_shows_the_selected_images(open_app: OpenApp, told: list[Content]) -> None:
    ids = catalogue.load("mnist-5k").ids[:500].tolist()
    app = opened(open_app, "latent", points="2000", selected=ids[:3])
    assert app.session_state["selected_ids"] == tuple(ids[:3])
    selected = told[-1].rows[0]
    assert [tile.alt for tile in selected.tiles] == ids[:3]
    assert told[-1].figures[0].chart.label.startswith("Map of 1,000 images")


def pixels(tile: Tile) -> np.ndarray:
    """The red of a small picture: (h, w) in [0, 1]."""
    return np.asarray(Image.open(io.BytesIO(tile.png)))[..., 0] / 255


def on_screen(x: np.ndarray) -> np.ndarray:
    """Images (n, 1, h, w) as a picture shows them: (n, h, w)."""
    return np.clip(x, 0, 1)[:, 0]


@pytest.fixture
def dense(only_tiny_models: Path) -> Autoencoder:
    """The model tiny-dense."""
    return Autoencoder.load(only_tiny_models / "tiny-dense.safetensors")


def test_latent_report_of_a_walk_has_its_steps_its_two_images_and_its_errors(
    open_app: OpenApp, told: list[Content], dense: Autoencoder
) -> None:
    images = catalogue.load("mnist-5k")
    first, second = images.ids[[3, 8]].tolist()
    link = {"section": "between", "walk_from": first, "walk_to": second, "walk_at": "0.25"}
    opened(open_app, "latent", model="tiny-dense", points="2000", **link)
    content, x = told[-1], images.pixels([3, 8])
    first_code, second_code = dense.encode(x)
    strip, here = content.rows
    assert strip.title == f"Walk from {first} to {second}: straight line"
    drawn = dense.decode(walks.straight(first_code, second_code, 11))
    expected = on_screen(np.stack([x[0], *drawn, x[1]]))
    np.testing.assert_allclose([pixels(tile) for tile in strip.tiles], expected, atol=0.01)
    assert [strip.tiles[i].alt for i in (0, -1)] == [first, second]
    assert [tile.caption for tile in strip.tiles[1:-1]] == [f"{k / 10:.2f}" for k in range(11)]
    assert content.settings["share of the way"] == "0.25"
    quarter = dense.decode(walks.straight(first_code, second_code, 41)[[10]])
    np.testing.assert_allclose(pixels(here.tiles[1]), on_screen(quarter)[0], atol=0.01)
    table = content.tables[0]
    for column, values in (
        ("MSE to the first", metrics.mse(drawn, np.repeat(x[:1], 11, axis=0))),
        ("to the second", metrics.mse(drawn, np.repeat(x[1:], 11, axis=0))),
        ("fed back", dense.errors(drawn)),
    ):
        np.testing.assert_allclose(np.array(numbers(table, column), np.float64), values, atol=2e-5)
    assert [line.name for line in content.figures[-1].chart.series] == list(table.columns[1:])
    assert not Page(reports.html(content, "http://localhost/")).unclosed


def test_latent_report_of_a_travel_has_a_strip_for_each_image_and_its_error_at_each_place(
    open_app: OpenApp, told: list[Content], dense: Autoencoder
) -> None:
    images = catalogue.load("mnist-5k")
    ids = images.ids[[7, 70, 700]].tolist()
    link = {"section": "along", "direction": "z2", "selected": ids}
    opened(open_app, "latent", model="tiny-dense", points="2000", **link)
    strips = [row for row in told[-1].rows if row.title.startswith("Travel along number 2")]
    assert [row.tiles[0].alt for row in strips] == ids
    x = images.pixels([70])
    moved = dense.encode(x)
    moved[:, 2] = np.quantile(dense.encode(images.pixels())[:, 2], 0.995)
    error = float(numbers(told[-1].tables[0], f"MSE of {ids[1]}")[-1])
    assert error == pytest.approx(metrics.mse(x, dense.decode(moved))[0], abs=2e-5)


def test_latent_report_has_the_pinned_place_of_the_plane_decoded_beside_its_nearest_image(
    open_app: OpenApp, told: list[Content], dense: Autoencoder
) -> None:
    app = opened(open_app, "latent", model="tiny-dense", points="2000", plane_at="0.5,-0.25")
    images = catalogue.load("mnist-5k")
    z = dense.encode(images.pixels())
    place = [float(part) for part in app.query_params["plane_at"].split(",")]
    code = geometry.plane(z).codes([place])
    row = next(row for row in told[-1].rows if row.title.startswith("Decoded at"))
    decoded, nearest = row.tiles
    np.testing.assert_allclose(pixels(decoded), on_screen(dense.decode(code))[0], atol=0.01)
    assert nearest.alt == images.ids[np.linalg.norm(z - code, axis=1).argmin()]
    assert "place pinned on the plane" in told[-1].settings


def test_latent_report_without_a_walk_and_a_place_tells_of_none(
    open_app: OpenApp, told: list[Content]
) -> None:
    opened(open_app, "latent", model="tiny-dense", section="numbers")
    assert told[-1].rows == ()
    assert not {"walk", "place pinned on the plane"} & set(told[-1].settings)


@pytest.mark.parametrize("view", VIEWS)
def test_every_view_of_robustness_offers_a_report_that_stands_alone(
    open_app: OpenApp, told: list[Content], view: str
) -> None:
    app = opened(open_app, "robustness", robust_view=view, trained_on="mnist-5k", seed="7")
    assert any(one.label == "Copy report" for one in app.get("download_button"))  # type: ignore[union-attr]
    content = told[-1]
    found = Page(reports.html(content, "http://localhost/"))
    words = " ".join(found.words)
    assert not found.unclosed
    assert content.cards
    for part in ("mnist-5k", *(card.sha256 for card in content.cards)):
        assert part in words
    assert all(table.rows for table in content.tables)


def test_wall_report_ranks_the_models_as_the_page_does(
    open_app: OpenApp, told: list[Content]
) -> None:
    app = opened(open_app, "robustness", robust_view="Wall", sigma="0.3")
    shown = app.dataframe[0].value.query("checkpoint != 'the original'")
    (table,) = told[-1].tables
    assert numbers(table, "model") == shown["checkpoint"].tolist()
    assert numbers(table, "MSE") == [f"{value:.4g}" for value in shown["mse"]]
    assert told[-1].settings["σ"] == "0.30"


TABLES = (
    ("robustness", {"robust_view": "Curves"}, "Numbers"),
    ("robustness", {"robust_view": "Wall"}, "Ranking"),
    ("robustness", {"robust_view": "Copying"}, "What comes back"),
    ("robustness", {"robust_view": "Size", "trained_on": "mnist-5k"}, "Models by size"),
    ("robustness", {"robust_view": "Models"}, "Models compared"),
    ("outliers", {"truth": "planted", "section_outliers": "truth"}, "Against the truth"),
    ("outliers", {"section_outliers": "classes"}, "By class"),
)


def titles(frame: Any) -> list[str]:
    """The titles of a table on the page, without those of its pictures."""
    config = {name: one or {} for name, one in json.loads(frame.proto.columns).items()}
    kinds = {name: one.get("type_config", {}).get("type") for name, one in config.items()}
    shown = [name for name in config if name in frame.value and kinds[name] != "image"]
    return [config[name].get("label", name) for name in shown]


@pytest.mark.parametrize(("page", "link", "title"), TABLES)
def test_table_of_a_report_has_the_columns_of_the_table_on_the_page(
    open_app: OpenApp, told: list[Content], page: str, link: dict[str, str], title: str
) -> None:
    app = opened(open_app, page, model="tiny-dense", **link)
    (table,) = [one for one in told[-1].tables if one.title == title]
    assert sorted(table.columns) in [sorted(titles(one)) for one in app.dataframe]


def test_copying_report_has_the_numbers_of_the_page(open_app: OpenApp, told: list[Content]) -> None:
    app = opened(open_app, "robustness", robust_view="Copying", copying="MSE")
    shown, table = app.dataframe[0].value, told[-1].tables[1]
    assert numbers(table, "model") == shown["checkpoint"].tolist()
    assert numbers(table, table.columns[2]) == [f"{value:.4f}" for value in shown.iloc[:, 2]]
    assert len(told[-1].rows) == 1 + len(shown)


def test_report_of_own_images_says_of_each_what_the_page_says_and_escapes_its_name(
    open_app: OpenApp, told: list[Content]
) -> None:
    app = opened(open_app, "your_images", model="tiny-dense", sigma="0.3", seed="7")
    app = offered(app, {HOSTILE[0]: digit_file(3), "no.png": b"no image"})
    assert not app.exception
    content = told[-1]
    found = Page(reports.html(content, "http://localhost/"))
    assert not found.unclosed
    assert not found.handlers
    assert {address[:15] for address in found.addresses} == {"data:image/png;", "http://localhos"}
    table = next(table for table in content.tables if table.title == "Your images")
    name = HOSTILE[0]
    assert numbers(table, "file") == [name, "no.png"]
    values = [metric.value for metric in app.metric]
    assert [numbers(table, "MSE")[0], numbers(table, "percentile")[0]] == values
    assert numbers(table, "MSE")[1] == ""
    assert content.settings["σ"] == "0.30"
    assert content.settings["seed of the noise"] == "7"


def test_report_on_own_data_sets_says_how_each_was_made_and_which_models_learned_from_it(
    home: Path, open_app: OpenApp, told: list[Content], only_tiny_models: Path
) -> None:
    pictures = {f"{'b<i>'[i % 2 :]}/{i}.png": image_file(24, 20, seed=i) for i in range(20)}
    draft = gather(offers(pictures), Form((28, 28), 1, "pad"), "<b>my photographs</b>")
    own = make(draft, "pets", Keeping(test_share=0.3, seed=5))
    document = tiny_document("pca", (1, 28, 28), dataset=own.id)
    path = only_tiny_models / "of-pets.safetensors"
    checkpoints.save(path, document, tiny_tensors(document))
    app = opened(open_app, "your_images", your="sets")
    assert any(one.label == "Copy report" for one in app.get("download_button"))  # type: ignore[union-attr]
    content = told[-1]
    facts, made = content.tables
    assert dict(zip(facts.columns, facts.rows[0], strict=True)) == {
        "data set": "pets",
        "size": "28 x 28 pixels, grey",
        "to train": str(own.n_train),
        "to calibrate": str(own.n_calibration),
        "to test": str(own.n_test),
        "classes": "<i>, b<i>",
        "prepared": "padded to 28 x 28, grey, values 0 to 255",
        "left out": "0",
        "from": "<b>my photographs</b>",
    }
    assert numbers(made, "seed of the split") == ["5"]
    assert numbers(made, "models trained on it") == ["of-pets"]
    assert content.sayings == ("Data sets of your own: pets.",)
    assert [card.name for card in content.cards] == ["of-pets"]
    assert len(content.rows[0].tiles) == own.n_test
    html = reports.html(content, "http://localhost/")
    assert not Page(html).unclosed
    assert "<b>my" not in html


def test_report_on_models_lists_those_of_the_page_and_whose_they_are(
    open_app: OpenApp, told: list[Content]
) -> None:
    opened(open_app, "your_images", your="models", managed_model="tiny-pca")
    content = told[-1]
    (table,) = content.tables
    assert sorted(numbers(table, "model")) == ["tiny-denoising", "tiny-dense", "tiny-pca"]
    assert set(numbers(table, "whose")) == {"yours"}
    assert content.settings["model looked at"] == "tiny-pca"
    assert len(content.cards) == 3
    assert not Page(reports.html(content, "http://localhost/")).unclosed


@pytest.fixture
def finished(tmp_path: Path, own_checkpoints: Path, monkeypatch: pytest.MonkeyPatch) -> Run:
    """A run of two epochs on small images, the only one there is; its data set has an evil name."""
    monkeypatch.setenv("HOURGLASS_HOME", str(tmp_path / "home"))
    run = new_run(write_images(tmp_path / "<b>squares", 80), epochs=2, seed=7)
    list(execute(run))
    return runs.read(run.folder)


def test_report_of_a_run_has_its_settings_losses_pictures_and_numbers(
    open_app: OpenApp, told: list[Content], finished: Run
) -> None:
    app = opened(open_app, "train")
    content = told[-1]
    assert any(one.label == "Copy report" for one in app.get("download_button"))  # type: ignore[union-attr]
    html = reports.html(content, "http://localhost/")
    assert "<b>squares" not in html
    assert not Page(html).unclosed
    original, rebuilt = content.rows
    assert len(original.tiles) == len(rebuilt.tiles) == 8
    history = curves(finished).epochs
    test = next(one for one in content.figures[0].chart.series if one.name == "test")
    assert test.y.tolist() == [record.test_mse for record in history]
    table = content.tables[0]
    assert numbers(table, "MSE")[0] == f"{finished.status.mse:.5f}"
    assert {name: content.settings[name] for name in ("training seed", "epochs", "batch size")} == {
        "training seed": "7", "epochs": "2", "batch size": "8",
    }  # fmt: skip
    assert [card.name for card in content.cards] == ["mine"]


def test_table_leaves_cells_without_a_value_empty_and_says_how_many_rows_are_left_out() -> None:
    frame = pd.DataFrame({"name": ["a"] * 203, "mse": [0.5, np.nan] + [1.0] * 201})
    found = tables.table("T", frame, (Column("name", "model"), number("mse", "MSE", ".2f")))
    assert found.columns == ("model", "MSE")
    assert found.rows[:2] == (("a", "0.50"), ("a", ""))
    assert len(found.rows) == tables.MOST_ROWS
    assert found.note == "3 more rows are on the page."
