"""Deleting asks first and says what depends on it; whoever looks at it in another tab is told."""

from collections.abc import Callable
from pathlib import Path

import pytest
import streamlit as st
from streamlit.testing.v1 import AppTest

from core import checkpoints, runs
from core.data.own import store
from core.data.own.make_set import Keeping, make
from core.inference import own_models
from core.runs import Run, RunConfig, removal
from core.runs import control as run_control
from core.runs.journal import Journal
from core.training.config import TrainConfig
from pages.ui.frame.deleting import DELETE, KEEP
from tests.core.data.own.test_make_set import drafted

OpenApp = Callable[..., AppTest]


@pytest.fixture(autouse=True)
def nobody_else(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A home, and a server, of this test alone."""
    monkeypatch.setenv("HOURGLASS_HOME", str(tmp_path))
    st.cache_resource.clear()


@pytest.fixture
def open_train(open_app: OpenApp) -> OpenApp:
    """The Train page by a link."""
    return lambda **link: open_app(**link).switch_page("pages/train.py").run()


def press(app: AppTest, label: str) -> AppTest:
    app = next(button for button in app.button if button.label == label).click().run()
    assert not app.exception
    return app


def texts(app: AppTest) -> str:
    """What the page says, as it is read."""
    said = [one.value for one in (*app.markdown, *app.caption, *app.warning, *app.error)]
    return "\n".join(said).replace("\\", "")


def new_run(name: str, created: float = 1.0) -> Run:
    return runs.create(RunConfig(name, created, TrainConfig("mnist-5k", "dense")))


def test_run_is_deleted_only_after_the_question(open_train: OpenApp) -> None:
    run = new_run("mine")
    app = press(open_train(compared_runs=run.id), "Delete")
    assert "This deletes the curves, pictures and log of mine." in texts(app)
    assert "mine could still be resumed; that will no longer be possible." in texts(app)
    app = press(app, KEEP)
    assert [one.id for one in runs.found()] == [run.id]
    assert KEEP not in [button.label for button in app.button]
    app = press(press(app, "Delete"), DELETE)
    assert runs.found() == ()
    assert KEEP not in [button.label for button in app.button]


def test_run_that_is_live_stays_and_the_others_go(open_train: OpenApp) -> None:
    busy, ended = new_run("busy"), new_run("ended", 2.0)
    journal = Journal(busy)
    with journal.owned():
        journal.set("running")
        app = press(open_train(compared_runs=[busy.id, ended.id]), "Delete")
        assert "busy is under way and stays: cancel it first." in texts(app)
        press(app, DELETE)
        assert [run.id for run in runs.found()] == [busy.id]
        alone = press(open_train(compared_runs=[busy.id]), "Delete")
        assert next(one for one in alone.button if one.label == DELETE).disabled


def test_who_looks_at_a_run_that_another_deletes_is_counted_before_and_told_after(
    open_train: OpenApp,
) -> None:
    mine, other = new_run("mine", 1.0), new_run("other", 2.0)
    looking = open_train(run=mine.id)
    assert looking.session_state["run"] == mine.id
    app = press(open_train(run=other.id, compared_runs=mine.id), "Delete")
    assert "1 other tab shows it now" in texts(app)
    press(app, DELETE)
    looking.run()
    assert not looking.exception
    assert not looking.error
    said = f"The run “{mine.id}” was deleted or renamed: “{other.id}” is shown instead."
    assert said in texts(looking)
    assert looking.session_state["run"] == other.id
    run_control.delete(other)  # on the command line, say
    looking.run()
    assert not looking.exception
    assert f"The run “{other.id}” was deleted or renamed" in texts(looking)


def test_tab_that_looks_at_something_else_by_now_is_not_counted(open_train: OpenApp) -> None:
    mine, other = new_run("mine", 1.0), new_run("other", 2.0)
    looking = open_train(run=mine.id)
    looking.switch_page("pages/learn.py").run()
    app = press(open_train(run=other.id, compared_runs=mine.id), "Delete")
    assert "other tab" not in texts(app)


def test_ticked_run_that_another_deletes_is_told_of(open_train: OpenApp) -> None:
    mine, other = new_run("mine", 1.0), new_run("other", 2.0)
    app = open_train(run=other.id, compared_runs=[mine.id, other.id])
    run_control.delete(mine)
    app.run()
    assert f"The run “{mine.id}” was deleted or renamed: it is ignored." in texts(app)
    assert app.session_state["compared_runs"] == [other.id]


@pytest.fixture
def own() -> store.OwnSet:
    make(drafted(), "pets", Keeping())
    return store.find("pets")


@pytest.fixture
def open_sets(open_app: OpenApp) -> OpenApp:
    """The section of own data sets by a link."""
    return lambda **link: open_app(your="sets", **link).switch_page("pages/your_images.py").run()


def test_data_set_is_deleted_only_after_the_question_and_other_tabs_are_told(
    own: store.OwnSet, open_sets: OpenApp, open_app: OpenApp
) -> None:
    looking = open_app(dataset=own.id)
    assert looking.session_state["dataset"] == own.id
    runs.create(RunConfig("on-pets", 1.0, TrainConfig(own.id, "dense")))
    app = press(open_sets(), "Delete")
    assert "This removes its 40 images" in texts(app)
    assert "1 run could still be resumed: on-pets. Without the images that is impossible." in texts(
        app
    )
    assert "1 other tab shows it now" in texts(app)
    press(app, KEEP)
    assert store.available() == (own,)
    app = press(press(app, "Delete"), DELETE)
    assert "pets is deleted" in app.success[0].value
    assert store.available() == ()
    looking.run()
    assert not looking.exception
    said = "The data set “own:pets” was deleted or renamed: “mnist-5k” is shown instead."
    assert said in texts(looking)
    assert looking.session_state["dataset"] == "mnist-5k"


def test_data_set_that_a_run_is_training_on_cannot_be_deleted(
    own: store.OwnSet, open_sets: OpenApp
) -> None:
    run = runs.create(RunConfig("busy", 1.0, TrainConfig(own.id, "dense")))
    journal = Journal(run)
    with journal.owned():
        journal.set("running")
        app = press(open_sets(), "Delete")
        assert "busy is training on it: cancel that first." in texts(app)
        assert next(one for one in app.button if one.label == DELETE).disabled


def test_whoever_deletes_what_the_sidebar_shows_is_not_told_that_it_is_gone(
    own: store.OwnSet, open_sets: OpenApp
) -> None:
    app = press(press(open_sets(dataset=own.id), "Delete"), DELETE)
    assert "pets is deleted" in app.success[0].value
    assert not app.warning
    assert app.session_state["dataset"] == "mnist-5k"


def test_model_deleted_elsewhere_is_told_of_once_another_is_shown(open_app: OpenApp) -> None:
    looking = open_app(model="tiny-dense")
    removal.delete_model(checkpoints.load("tiny-dense").card)
    looking.run()
    assert not looking.exception
    assert "The model “tiny-dense” was deleted or renamed" in texts(looking)
    shown = looking.session_state["model"]
    assert f"“{shown}” is shown instead" in texts(looking)
    looking.run()
    assert "was deleted" in texts(looking), "until something else is chosen"
    looking.switch_page("pages/learn.py").run()
    looking.switch_page("pages/reconstruct.py").run()
    assert "was deleted" not in texts(looking)


def test_model_renamed_elsewhere_stays_the_chosen_one(open_app: OpenApp) -> None:
    looking = open_app(model="tiny-dense")
    own_models.rename(checkpoints.load("tiny-dense").card, "dense-mine")
    looking.run()
    assert not looking.exception
    assert looking.session_state["model"] == "dense-mine"
    said = "The model “tiny-dense” was renamed to “dense-mine”."
    assert said in texts(looking)


def test_model_that_no_longer_fits_is_no_news(open_app: OpenApp) -> None:
    app = open_app(model="tiny-dense")
    app.selectbox(key="dataset").set_value("shapes").run()
    assert not app.exception
    assert "deleted" not in texts(app)
