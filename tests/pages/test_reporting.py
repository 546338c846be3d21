"""The button that makes a report, and what each page tells in one."""

from collections.abc import Callable
from typing import Any

import pytest
from streamlit.testing.v1 import AppTest

from core import reports
from core.reports import Content, Table
from pages.ui import reporting
from tests.core.test_reports import Page

OpenApp = Callable[..., AppTest]
ROLES = ("noisy", "reconstructed")  # of rows with numbers


@pytest.fixture
def told(monkeypatch: pytest.MonkeyPatch) -> list[Content]:
    """What the pages would tell, each time that one is drawn."""
    found: list[Content] = []
    button = reporting.button

    def draw(make: Callable[[], Content], name: str) -> None:
        button(make, name)
        found.append(make())

    monkeypatch.setattr(reporting, "button", draw)
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
    assert any(one.label == "Copy report" for one in app.get("download_button"))
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
    (table,) = told[-1].tables
    rows = [i for i, row in enumerate(sweep.header["rows"]) if row["role"] in ROLES]
    means = [sweep.numbers(i)[frame].mean() for i in rows]
    assert numbers(table, "MSE") == [f"{mean:.4f}" for mean in means]
    assert told[-1].settings["σ"] == "0.30"


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


def test_robustness_report_has_the_table_of_the_page(
    open_app: OpenApp, told: list[Content]
) -> None:
    app = opened(open_app, "robustness", models=["tiny-dense", "tiny-pca"])
    shown = next(one.value for one in app.dataframe if "sigma" in one.value)
    (table,) = told[-1].tables
    for name in ("tiny-dense", "tiny-pca"):
        assert numbers(table, name) == [f"{value:.5f}" for value in shown[name]]


def test_latent_report_shows_the_selected_images(open_app: OpenApp, told: list[Content]) -> None:
    from core import datasets

    ids = datasets.load("mnist-5k").ids[:500].tolist()
    app = opened(open_app, "latent", points="2000", selected=ids[:3])
    assert app.session_state["selected_ids"] == tuple(ids[:3])
    selected = told[-1].rows[0]
    assert [tile.alt for tile in selected.tiles] == ids[:3]
    assert told[-1].figures[0].chart.label.startswith("Map of 1,000 images")
