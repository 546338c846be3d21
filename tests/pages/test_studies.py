"""Studies on the Robustness page: begun, listed with progress, shown, deleted."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from streamlit.testing.v1 import AppTest

from core.studies import plan, results, work
from pages.ui.robust import studies

OpenApp = Callable[..., AppTest]
TEXT = 'name = "two"\ndataset = "mnist-5k"\narch = "pca"\n[grid]\nlatent_dim = [2, 4]\n'


@pytest.fixture
def open_studies(open_app: OpenApp, home: Path) -> OpenApp:
    def opened(**link: Any) -> AppTest:
        app = open_app(**{"robust_view": "Studies", **link})
        return app.switch_page("pages/robustness.py").run()

    return opened


def said(app: AppTest) -> str:
    parts = (*app.error, *app.caption, *app.info, *app.markdown)
    return " ".join(one.value for one in parts).replace("\\", "")


def begun() -> plan.Study:
    """The study with one of its two models done, by hand."""
    study = plan.read(TEXT)
    work.save_plan(study)
    model = study.models[0]
    row = results.settings_of_model(study, model.config)
    row |= {"mse": 0.05, "seconds": 3.0, "model": model.name, "state": "finished",
            "test_noise_std": 0.0}  # fmt: skip
    results.keep(study, model, [row])
    return study


def test_study_is_read_and_begun_in_the_background(
    open_studies: OpenApp, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[plan.Study] = []
    monkeypatch.setattr(work, "begin", asked.append)
    app = open_studies()
    assert "No study has been begun" in said(app)
    app.text_area(key="study_text").set_value(TEXT).run()
    assert "two: 2 models, 2 of them missing." in said(app)
    next(one for one in app.button if one.label == "Train 2 in the background").click().run()
    assert [study.name for study in asked] == ["two"]


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("dataset", "not a TOML file"),
        (TEXT.replace("mnist-5k", "folder:/etc"), "is no data set of the list"),
        (TEXT.replace("latent_dim", "latent_dims"), "did you mean latent_dim?"),
    ],
)
def test_mistake_in_the_text_is_one_sentence(open_studies: OpenApp, text: str, words: str) -> None:
    app = open_studies()
    app.text_area(key="study_text").set_value(text).run()
    assert not app.exception
    assert words in said(app)


def test_study_is_listed_shown_with_its_figure_and_deleted(open_studies: OpenApp) -> None:
    study = begun()
    app = open_studies()
    assert not app.exception
    listed = app.dataframe[0].value.iloc[0]
    assert (listed["study"], listed["state"], listed["n_done"], listed["n_models"]) == (
        "two", "incomplete", 1, 2,
    )  # fmt: skip
    assert "Tested on clean images" in said(app)
    labels = [one.label for one in app.button]
    assert "Continue" in labels
    app.button(key="delete_study").click().run()
    app.button(key="delete_for_good").click().run()
    assert work.found() == ()
    assert not results.folder(study.name).exists()


def test_report_of_a_study_has_its_table_and_figure(home: Path) -> None:
    study = begun()
    table = results.table(study)
    from core.studies import figure

    content = studies.content(study, table, figure.charts(table))
    (told,) = content.tables
    assert json.dumps(told.rows[0]).count("0.05") == 1
    assert len(content.figures) == 1
