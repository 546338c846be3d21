"""The odd ones of a folder on the Your images page: from a zip to the wall, without a browser."""

import json
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image
from streamlit.testing.v1 import AppTest

from core import imports, runs
from core.data.own import store
from core.runs import Run
from core.runs import control as run_control
from core.runs import execute as run_execute
from tests.core.data.own.test_upload import archive
from tests.core.hostile_images_for_tests import encoded

OpenApp = Callable[..., AppTest]
DEADLINE = 30.0  # seconds


def photos() -> bytes:
    """24 shaded pictures, one of them twice; a black one and a file that is none."""
    rng = np.random.default_rng(0)
    ramp = np.linspace(60, 180, 24)[:, None] * np.ones(24)
    files = {}
    for i in range(24):
        x = np.clip(ramp + rng.normal(0, 12, (24, 24)), 0, 255).astype(np.uint8)
        files[f"{i:02d}.png"] = encoded(Image.fromarray(x), "PNG")
    files |= {"again.png": files["05.png"], "text.png": b"words"}
    return archive(files | {"black.png": encoded(Image.new("L", (24, 24)), "PNG")})


@pytest.fixture
def section(home: Path, open_app: OpenApp, monkeypatch: pytest.MonkeyPatch) -> AppTest:
    monkeypatch.setenv("HOURGLASS_WORKERS", "0")  # a thread reads
    monkeypatch.setattr(run_control, "start", trained)
    return open_app(your="odd").switch_page("pages/your_images.py").run()


def trained(run: Run) -> Run:
    """In place of a process of its own."""
    list(run_execute.execute(run))
    return runs.read(run.folder)


def wait_for_wall(app: AppTest) -> AppTest:
    until = time.monotonic() + DEADLINE
    while not [one for one in app.subheader if one.value.startswith("The odd ones of")]:
        assert time.monotonic() < until, [one.value for one in (*app.error, *app.markdown)]
        time.sleep(0.02)
        app.run()
    return app


def pictures(app: AppTest) -> list[dict[str, Any]]:
    """What the wall was sent."""
    sent = [json.loads(one.proto.json) for one in app.get("bidi_component") if one.proto.json]
    found: list[dict[str, Any]] = next(one["pictures"] for one in sent if "pictures" in one)
    return found


def test_zip_dropped_becomes_a_wall_the_strangest_first_with_nothing_else_asked(
    section: AppTest, open_app: OpenApp
) -> None:
    section.file_uploader[0].set_value([("my shots.zip", photos(), "application/zip")])
    app = wait_for_wall(section.run())
    assert not app.exception
    (own,) = store.available()
    assert (own.name, own.n) == ("my-shots", 26)
    assert app.session_state["dataset"] == own.id
    said = next(one.value for one in app.markdown if "flagged" in one.value)
    assert "of 26 images" in said
    assert "expected" in said
    items = pictures(app)
    assert [items[0]["id"], len(items)] == ["black.png", 26]
    assert items[0]["src"].startswith("data:image/png")
    assert all(item["where"].startswith("data:image/png") for item in items)
    assert "text.png" in str(app.dataframe[0].value)  # the file that could not be read, and why
    assert any("of one colour" in line for line in items[0]["lines"])
    compared = next(one.value for one in app.markdown if "planted among" in one.value)
    assert "AUROC" in compared
    assert "without a network" in compared
    (run,) = runs.found()
    assert (run.config.train.dataset, run.state) == (own.id, "finished")
    again = open_app(your="odd", dataset=own.id).switch_page("pages/your_images.py").run()
    assert next(one.value for one in again.markdown if "flagged" in one.value) == said


def test_few_images_are_not_judged_but_lead_to_the_other_door_in_one_click(
    section: AppTest,
) -> None:
    few = {f"{i}.png": encoded(Image.new("L", (24, 24), 30 * i), "PNG") for i in range(5)}
    section.file_uploader[0].set_value([("few.zip", archive(few), "application/zip")])
    app = section.run()
    assert "at least 20 are needed" in app.info[0].value
    assert not imports.found()
    next(one for one in app.button if one.label == "Look at them one by one").click().run()
    assert app.session_state["your"] == "look"
    assert [one for one in app.markdown if one.value.startswith("**5 offered**: 5 read")]
    assert not app.exception


def test_many_images_to_look_at_lead_to_the_odd_ones_in_one_click(section: AppTest) -> None:
    app = section.switch_page("pages/your_images.py").run()
    app.session_state["your"] = "look"
    app.run().file_uploader[0].set_value([("my shots.zip", photos(), "application/zip")])
    app.run()
    (asked,) = [one.value for one in app.markdown if "what do you want to do?" in one.value]
    assert asked.startswith("**27 files in my shots")
    assert not imports.found()
    doors = {one.label: one for one in app.button}
    assert {"Find the odd ones", "Look at them one by one", "Make a data set"} <= doors.keys()
    doors["Find the odd ones"].click().run()
    assert app.session_state["your"] == "odd"
    wait_for_wall(app)
    assert not app.exception
    assert [own.name for own in store.available()] == ["my-shots"]


def test_many_images_are_looked_at_one_by_one_if_that_is_chosen(section: AppTest) -> None:
    section.session_state["your"] = "look"
    section.run().file_uploader[0].set_value([("my shots.zip", photos(), "application/zip")])
    app = section.run()
    next(one for one in app.button if one.label == "Look at them one by one").click().run()
    assert [one for one in app.markdown if one.value.startswith("**27 offered**: 26 read")]
    assert not [one for one in app.button if one.label == "Find the odd ones"]
