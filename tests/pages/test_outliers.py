"""The Outliers page, run without a browser."""

import asyncio
import io
import json
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from PIL import Image
from streamlit.testing.v1 import AppTest

from core import checkpoints
from core.anomaly import judging, scores, thresholds
from core.anomaly.judging import References
from core.anomaly.references import reference_images
from core.config import ReviewError
from core.data import catalogue, ignored
from core.data.named.held_out import held_out
from core.data.own import folder, store
from core.data.own.draft import Form
from core.data.own.import_images import gather
from core.data.own.make_set import Keeping, make
from core.export.tables import csv_bytes
from core.inference import Autoencoder
from core.models import architecture
from core.reviews import Decision, Reviews, now
from pages.ui import cache
from pages.ui.components.review import Report
from pages.ui.components.verdicts import Said, Stamp, sorted_out
from pages.ui.outliers import export as outlier_export
from pages.ui.outliers import pictures as outlier_pictures
from pages.ui.outliers import review as outlier_review
from pages.ui.outliers.data import Outcome, Scope, Truth, experiment, scored
from pages.ui.server import originals as server_originals
from pages.ui.session.registry import OUTLIERS
from tests.core.data.own.test_import_images import offers
from tests.core.hostile_images_for_tests import encoded
from tests.core.models_for_tests import tiny_document, tiny_tensors
from tests.pages.tiny_models import DIGITS
from tests.pages.unpacking import components, unpacked

PAGE = "pages/outliers.py"
OpenPage = Callable[..., AppTest]


@pytest.fixture(autouse=True)
def nothing_kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Reviews:
    """Decisions of this test alone."""
    kept = Reviews(tmp_path / "reviews.sqlite3")
    monkeypatch.setattr(cache, "reviews", lambda: kept)
    return kept


@pytest.fixture
def open_page(open_app: Callable[..., AppTest], only_tiny_models: Path) -> OpenPage:
    """Opens the page by a link; besides the tiny models there is one without 5 and 9."""
    document = tiny_document("dense", DIGITS, excluded_classes=("5", "9"))
    path = only_tiny_models / "tiny-without.safetensors"
    checkpoints.save(path, document, tiny_tensors(document, seed=4))

    def opened(**link: str | list[str]) -> AppTest:
        app = open_app(**({"model": "tiny-dense"} | link))
        return app.switch_page(PAGE).run()

    return opened


def found_by(open_page: OpenPage, truth: Truth = Truth(), share: float = 0.05) -> Outcome:  # noqa: B008
    """What the page's functions make of the digits, with the tiny dense model."""
    open_page()
    card = checkpoints.load("tiny-dense").card
    scope = Scope("mnist-5k", "test", card, truth)
    images, is_outlier, _ = experiment("mnist-5k", "test", truth)
    (one,) = scored(scope, ["mse"])
    threshold = thresholds.by_share(one.usual, share)
    spec = scores.score("mse")
    return Outcome(scope, images, is_outlier, spec, one, threshold)


def found_in(dataset: str, open_page: OpenPage) -> Outcome:
    """What the page's functions make of the test part of another set, with the tiny dense model."""
    open_page(dataset=dataset)
    scope = Scope(dataset, "test", checkpoints.load("tiny-dense").card, Truth())
    (one,) = scored(scope, ["mse"])
    limit = thresholds.by_share(one.usual, 0.5)
    images = cache.dataset(dataset, "test")
    return Outcome(scope, images, None, scores.score("mse"), one, limit)


def sentence(app: AppTest) -> str:
    (outcome,) = [m.value for m in app.markdown if "images are flagged" in m.value]
    return outcome.replace("\\", "")


def flagged_of(app: AppTest) -> int:
    return int(sentence(app).split(" of ")[0].strip("*").replace(",", ""))


def desk(app: AppTest) -> dict[str, Any]:
    """What the review component was sent."""
    (outcome,) = [
        one.proto for one in app.get("bidi_component") if "review" in one.proto.component_name
    ]
    return dict(json.loads(outcome.json))


def test_page_opened_flags_what_at_most_one_percent_of_new_usual_images_reach(
    open_page: OpenPage,
) -> None:
    app = open_page()
    assert not app.exception
    assert not app.error
    model = Autoencoder.load("tiny-dense")
    images = held_out("mnist-5k")
    assert images is not None
    value = np.sort(model.errors(images.pixels()))[-20]  # the k-th highest, k = 0.01 * 2,001
    expected = int((model.errors(catalogue.load("mnist-5k").pixels()) > value).sum())
    assert flagged_of(app) == expected
    assert "at most 1 % of usual images (0.61 to 1.5 %, from 2,000 held-out" in sentence(app)
    assert "10 expected of 1,000" in sentence(app)
    assert f"**{value:.4g}**" in sentence(app)


@pytest.mark.parametrize("name", [spec.name for spec in judging.available(has_classes=True)])
def test_every_score_can_be_chosen_and_explains_itself(name: str, open_page: OpenPage) -> None:
    app = open_page(score=name)
    assert not app.exception
    assert not app.error
    words = " ".join(caption.value.replace("\\", "") for caption in app.caption)
    assert scores.score(name).explanation in words


def test_threshold_modes_say_how_they_were_chosen(open_page: OpenPage) -> None:
    for mode, words in (
        ("robust z", "3.5 typical deviations"),
        ("false finds", "at most 10 % of the flagged are false finds"),
        ("share", "1 % of 3,600 train images of mnist-5k score higher"),
        ("fixed", "chosen by hand"),
    ):
        assert words in sentence(open_page(threshold=mode))


def test_best_f1_is_offered_only_when_something_is_known(open_page: OpenPage) -> None:
    assert "chosen to flag at most 1 %" in sentence(open_page(threshold="best F1"))
    app = open_page(model="tiny-without", threshold="best F1")
    assert "best F1" in sentence(app)
    assert "by the known truth of these very images" in sentence(app)


def test_share_of_the_judged_images_themselves_flags_that_share(open_page: OpenPage) -> None:
    app = open_page(threshold="share", measured_on="judged", share="5")
    assert flagged_of(app) == 50
    assert "5 % of these 1,000 images themselves" in sentence(app)


@pytest.mark.parametrize("section", OUTLIERS.names)
def test_every_section_is_drawn_for_a_model_that_misses_classes(
    section: str, open_page: OpenPage
) -> None:
    app = open_page(model="tiny-without", section_outliers=section, rate="5")
    assert not app.exception
    assert not app.error


def test_truth_without_any_says_what_to_do(open_page: OpenPage) -> None:
    app = open_page(section_outliers="truth")
    assert "Known outliers" in app.info[0].value


def test_truth_table_has_the_numbers_of_the_functions(open_page: OpenPage) -> None:
    app = open_page(model="tiny-without", section_outliers="truth")
    table = app.dataframe[0].value
    images = catalogue.load("mnist-5k")
    model = Autoencoder.load("tiny-without")
    one = References(model, reference_images(model.card, images)).judge(images)
    truth = np.isin(images.labels, (5, 9))  # type: ignore[arg-type]
    assert table["auroc"].is_monotonic_decreasing
    for spec in judging.available(has_classes=True):
        row = table[table["score"] == spec.title].iloc[0]
        expected = judging.ranked(one, spec.name, truth)
        assert row["auroc"] == pytest.approx(expected.auroc)
        assert row["precision_at_k"] == pytest.approx(expected.precision_at_k)


@pytest.mark.parametrize("plant", ["covered", "shapes"])
def test_planted_outliers_are_added_and_known(plant: str, open_page: OpenPage) -> None:
    app = open_page(truth="planted", plant=plant, plant_percent="20", section_outliers="truth")
    assert not app.exception
    assert "of 1,200 images" in sentence(app)
    assert any("200 of 1,200 images are outliers" in m.value for m in app.markdown)


def test_nothing_flagged_says_what_to_do(open_page: OpenPage) -> None:
    app = open_page(threshold="fixed", fixed_mse="99")
    assert flagged_of(app) == 0
    assert "Nothing is flagged" in app.info[0].value


def test_class_table_has_mean_and_spread_of_each_class(open_page: OpenPage) -> None:
    app = open_page(section_outliers="classes")
    table = app.dataframe[0].value
    images = catalogue.load("mnist-5k")
    errors = Autoencoder.load("tiny-dense").errors(images.pixels())
    for i, row in enumerate(table.itertuples()):
        mine = errors[images.labels == i]
        assert row.images == len(mine)
        assert row.mean == pytest.approx(mine.mean(), rel=1e-5)
        assert row.spread == pytest.approx(mine.std(), rel=1e-4)


# Review


def test_desk_begins_with_the_strangest_image_and_knows_the_next(open_page: OpenPage) -> None:
    app = open_page(section_outliers="review", rate="5")
    sent = desk(app)
    errors = Autoencoder.load("tiny-dense").errors(catalogue.load("mnist-5k").pixels())
    order = catalogue.load("mnist-5k").ids[np.argsort(-errors, kind="stable")]
    assert sent["total"] == flagged_of(app)
    assert [item["id"] for item in sent["items"]] == order[: len(sent["items"])].tolist()
    assert all(item["original"].startswith("data:image/png") for item in sent["items"])
    assert len(sent["items"][0]["near"][0]["pictures"]) == 5


def test_desk_resumes_at_the_first_image_not_decided_and_shows_what_others_said(
    open_page: OpenPage, nothing_kept: Reviews
) -> None:
    first = [item["id"] for item in desk(open_page(section_outliers="review"))["items"][:2]]
    nothing_kept.record(
        [
            decision(first[0], "outlier", "me"),
            decision(first[1], "normal", "bob", note="<b>fine</b>"),
        ]
    )
    sent = desk(open_page(section_outliers="review"))
    assert (sent["start"], sent["decided"]) == (first[1], 1)
    shown = {item["id"]: item for item in sent["items"]}
    assert shown[first[0]]["verdict"] == "outlier"
    assert shown[first[1]]["others"] == [
        {"reviewer": "bob", "verdict": "normal", "note": "<b>fine</b>"}
    ]


def test_queue_of_disagreements_holds_just_those(
    open_page: OpenPage, nothing_kept: Reviews
) -> None:
    app = open_page(section_outliers="review", queue="disagreements")
    assert "No image is normal to one reviewer" in app.info[0].value
    image = str(catalogue.load("mnist-5k").ids[17])
    nothing_kept.record([decision(image, "outlier", "me"), decision(image, "normal", "bob")])
    sent = desk(open_page(section_outliers="review", queue="disagreements"))
    assert (sent["total"], sent["start"]) == (1, image)


def said(operation: str = "0123456789abcdef", **changes: str) -> Said:
    one = {"image": "a", "verdict": "outlier", "note": ""} | changes
    return Said(operation, one["image"], one["verdict"], one["note"], Stamp("s", "m", "ann"))  # type: ignore[arg-type]


def test_verdict_that_can_never_be_kept_keeps_no_other_from_it_and_says_why() -> None:
    pending = [said("operation-1"), said("operation-2", note="half \ud83d"), said("operation-3")]
    sound, refused = sorted_out(pending)
    assert [one.operation for one in sound] == ["operation-1", "operation-3"]
    assert [one.operation for one in refused] == ["operation-2"]
    assert "The note (half) has a character that cannot be kept" in refused[0].why


def test_decisions_that_are_missing_are_told_of_and_brought_back(
    open_page: OpenPage, nothing_kept: Reviews
) -> None:
    ids = catalogue.load("mnist-5k").ids
    nothing_kept.record([decision(str(ids[i]), "outlier", "me") for i in range(20)])
    nothing_kept.close()
    nothing_kept.path.write_bytes(b"")
    app = open_page(section_outliers="review", queue="all")
    assert "20 decisions that were kept" in app.warning[0].value
    assert desk(app)["decided"] == 0
    button = next(one for one in app.button if one.label.startswith("Bring back"))
    app = button.click().run()
    assert not app.exception
    assert app.success[0].value == "20 decisions brought back\\."
    assert not app.warning
    assert desk(app)["decided"] == 20


def test_decisions_that_are_missing_may_be_gone_on_without(
    open_page: OpenPage, nothing_kept: Reviews
) -> None:
    nothing_kept.record([decision("a", "outlier", "me")])
    nothing_kept.close()
    nothing_kept.path.unlink()
    app = open_page(section_outliers="review", queue="all")
    assert "1 decision that was kept" in app.warning[0].value
    assert not [one for one in app.button if one.label.startswith("Bring back")]
    app = next(one for one in app.button if one.label == "Go on without them").click().run()
    assert not app.warning


def test_desk_stays_with_what_was_known_where_decisions_cannot_be_read(
    open_page: OpenPage, nothing_kept: Reviews, monkeypatch: pytest.MonkeyPatch
) -> None:
    image = str(catalogue.load("mnist-5k").ids[17])
    nothing_kept.record([decision(image, "outlier", "me")])
    app = open_page(section_outliers="review", queue="all")
    assert desk(app)["decided"] == 1

    def refuse(*_: object) -> None:
        raise ReviewError("The decisions cannot be read.")

    monkeypatch.setattr(Reviews, "_rows", refuse)
    app.run()
    assert not app.exception
    assert "cannot be read" in app.error[0].value
    sent = desk(app)
    assert (sent["decided"], sent["problem"]) == (1, "The decisions cannot be read.")


def test_trail_knows_what_each_verdict_replaced() -> None:
    history = [
        decision("a", "normal", "me"),
        decision("a", "outlier", "bob"),
        decision("b", "unsure", "me", note="n"),
        decision("a", "outlier", "me"),
        decision("a", "", "me"),
        decision("z", "normal", "me"),
    ]
    steps = outlier_review.trail(history, "me", ["b", "a"])
    assert [tuple(step) for step in steps] == [
        ("a", 1, "", ""), ("b", 0, "", ""), ("a", 1, "normal", "")
    ]  # fmt: skip


# Exports


def test_flagged_table_has_scores_facts_and_verdicts(
    open_page: OpenPage, nothing_kept: Reviews
) -> None:
    outcome = found_by(open_page, Truth("classes", ("3",)))
    order = outcome.queue
    nothing_kept.record([decision(str(outcome.images.ids[order[0]]), "outlier", "ann")])
    table = outlier_export.judged_table(outcome, order)
    assert table["id"].tolist() == outcome.images.ids[order].tolist()
    np.testing.assert_array_equal(table["score"], outcome.scores[order])
    assert (table["score"] > table["threshold"]).all()
    assert table["verdicts"].iloc[0] == "ann: outlier"
    assert table["is_outlier"].tolist() == (np.asarray(outcome.images.labels)[order] == 3).tolist()


def test_decisions_exported_as_csv_run_no_formula_and_as_parquet_lose_nothing(
    nothing_kept: Reviews,
) -> None:
    nothing_kept.record([decision("a", "outlier", "=cmd()", note="@SUM(1)")])
    table = outlier_export.decision_table(nothing_kept.history("mnist-5k"))
    assert b'"\'=cmd()"' in csv_bytes(table)
    file = io.BytesIO()
    table.to_parquet(file)
    assert pd.read_parquet(file)["reviewer"].tolist() == ["=cmd()"]


def test_zip_of_decisions_holds_each_decided_image_and_a_manifest(
    open_page: OpenPage, nothing_kept: Reviews
) -> None:
    outcome = found_by(open_page)
    ids = outcome.images.ids[:3].tolist()
    nothing_kept.record([decision(str(one), "unsure", "me") for one in ids])
    nothing_kept.record([decision(str(ids[2]), "", "me")])
    images = outlier_export.decided_images(outcome)
    table = outlier_export.decision_table(nothing_kept.history("mnist-5k"))
    with zipfile.ZipFile(io.BytesIO(outlier_export.zipped(images, table))) as archive:
        manifest = pd.read_csv(archive.open("ids.csv"))
        assert sorted(archive.namelist()) == sorted([*manifest["file"], "ids.csv"])
    assert manifest["id"].tolist() == ids[:2]
    assert manifest["verdict"].tolist() == ["unsure", "unsure"]


def decision(image: str, verdict: str, reviewer: str, note: str = "") -> Decision:
    decision.count += 1  # type: ignore[attr-defined]
    operation = f"operation-{decision.count:06d}"  # type: ignore[attr-defined]
    return Decision(operation, "mnist-5k", image, "tiny", reviewer, verdict, note, now())  # type: ignore[arg-type]


decision.count = 0  # type: ignore[attr-defined]


def test_folder_that_an_uploaded_model_names_is_not_opened_for_its_references(
    open_page: OpenPage, only_tiny_models: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    document = tiny_document("dense", DIGITS, dataset="folder:/somewhere/private")
    path = only_tiny_models / "theirs.safetensors"
    checkpoints.save(path, document, tiny_tensors(document, seed=9))
    monkeypatch.setattr(folder, "load_path", lambda *_: pytest.fail("it was opened"))
    app = open_page(model="theirs")
    assert not app.exception
    assert not app.error
    (said,) = (c.value for c in app.main.caption if "not known here" in c.value)
    assert "3,600 train images of mnist\\-5k" in said
    assert any("may have been trained on" in one.value for one in app.sidebar.caption)


def test_pca_says_how_many_numbers_it_has_where_the_code_has_more(
    open_page: OpenPage, only_tiny_models: Path
) -> None:
    options = architecture("dense").check({"latent_dim": 784, "widths": [8]})
    document = tiny_document("dense", DIGITS, options=options)
    checkpoints.save(only_tiny_models / "wide.safetensors", document, tiny_tensors(document))
    app = open_page(model="wide", score="pca")
    assert "Here it has 50 numbers, and the code 784" in " ".join(c.value for c in app.caption)
    app = open_page(model="tiny-dense", score="pca", truth="planted", section_outliers="truth")
    table = app.dataframe[0].value.set_index("score")
    assert table.loc["PCA reconstruction error", "uses"] == "baseline, PCA with 3 numbers"


def test_some_classes_begin_with_none_and_never_drop_one_in_silence(open_page: OpenPage) -> None:
    app = open_page(model="tiny-dense", truth="classes", section_outliers="truth")
    assert app.session_state["outlier_classes"] == []
    assert any("No class is chosen" in caption.value for caption in app.caption)
    assert "There are no known outliers" in app.info[0].value
    box = next(box for box in app.multiselect if box.label == "Classes")
    box.set_value(["3", "8"]).run()
    assert any("are outliers** (classes 3, 8)" in one.value for one in app.markdown)
    box.set_value(list(box.options)).run()
    assert any("All images would be outliers" in caption.value for caption in app.caption)
    assert not app.exception


def test_some_classes_begin_with_those_the_model_never_saw(open_page: OpenPage) -> None:
    app = open_page(model="tiny-without", section_outliers="truth")
    assert app.session_state["outlier_classes"] == ["5", "9"]


def test_region_of_an_own_set_is_kept_and_says_so_and_goes_again(
    home: Path, open_page: OpenPage
) -> None:
    digits = catalogue.load("mnist-5k").images[:80, 0]
    pictures = {f"{i:02d}.png": encoded(Image.fromarray(x), "PNG") for i, x in enumerate(digits)}
    pictures["black.png"] = encoded(Image.fromarray(np.zeros((28, 28), np.uint8)), "PNG")
    draft = gather(offers(pictures), Form((28, 28), 1, "pad"), "a test")
    make(draft, "scans", Keeping(test_share=0.5))
    link = {"dataset": "own:scans", "model": "tiny-dense", "score": "mse"}
    app = open_page(**link)
    assert not app.exception
    before = next(m.value for m in app.markdown if "flagged" in m.value)
    app = next(one for one in app.button if one.label == "Add this rectangle").click().run()
    assert not app.exception
    mask = ignored.of("own:scans", (28, 28))
    assert mask is not None
    assert mask[:4, :8].all()
    assert mask.sum() == 4 * 8
    assert next(m.value for m in app.markdown if "flagged" in m.value) != before
    whole = next(one for one in app.button if one.label == "Judge the whole picture again")
    app = whole.click().run()
    assert ignored.of("own:scans", (28, 28)) is None
    assert next(m.value for m in app.markdown if "flagged" in m.value) == before
    assert not any(b.label == "Add this rectangle" for b in open_page(model="tiny-dense").button)


def test_black_picture_that_scores_low_is_shown_beside_the_flagged(
    home: Path, open_page: OpenPage
) -> None:
    digits = catalogue.load("mnist-5k").images[:80, 0]
    pictures = {f"{i:02d}.png": encoded(Image.fromarray(x), "PNG") for i, x in enumerate(digits)}
    pictures["black.png"] = encoded(Image.fromarray(np.zeros((28, 28), np.uint8)), "PNG")
    draft = gather(offers(pictures), Form((28, 28), 1, "pad"), "a test")
    make(draft, "scans", Keeping(test_share=0.5))
    split = next(one for one in ("train", "test") if "black.png" in store.load("scans", one).ids)
    link = {"dataset": "own:scans", "split": split, "model": "tiny-dense", "score": "mae"}
    app = open_page(outliers_shown="conspicuous", **link)
    assert not app.exception
    (shown,) = components(app)
    cells = unpacked(shown.proto.bytes).header["cells"]
    assert cells[0]["id"] == "black.png"
    assert "dark" in cells[0]["text"]
    captions = [caption.value for caption in app.caption]
    said = next(words for words in captions if "are flagged by the score" in words)
    assert said.startswith("0 of these")
    assert app.query_params["outliers_shown"] in ("conspicuous", ["conspicuous"])


def test_score_is_chosen_on_planted_outliers_when_that_is_asked_for(open_page: OpenPage) -> None:
    app = open_page()
    assert app.session_state["score"] == "mse"
    button = next(one for one in app.button if one.label == "Choose a score")
    app = button.click().run(timeout=120)
    assert not app.exception
    table = next(one.value for one in app.dataframe if "mean" in one.value)
    best = scores.BY_NAME[app.session_state["score"]]
    assert best.title in next(m.value for m in app.markdown if "planted among" in m.value)
    assert table["mean"].max() - table.set_index("score")["mean"][best.title] <= 0.011
    assert "score" not in app.query_params


def defect_set(home: Path) -> dict[str, bytes]:
    """A set "parts" in the defect layout, of digits twice as large as the models take them."""
    digits = catalogue.load("mnist-5k").images[:40, 0].repeat(2, axis=1).repeat(2, axis=2)
    mask = np.zeros((56, 56), np.uint8)
    mask[10:30, 10:30] = 255
    files = {f"train/good/{i:02d}.png": digits[i] for i in range(30)}
    files |= {f"test/good/{i:02d}.png": digits[30 + i] for i in range(5)}
    files |= {f"test/crack/{i:02d}.png": 255 - digits[35 + i] for i in range(5)}
    files |= {f"ground_truth/crack/{i:02d}_mask.png": mask for i in range(5)}
    contents = {name: encoded(Image.fromarray(x), "PNG") for name, x in files.items()}
    draft = gather(offers(contents), Form((28, 28), 1, "pad"), "a test")
    make(draft, "parts", Keeping())
    return contents


def answer_to(query: str) -> tuple[int, bytes, bytes]:
    """What the server says where a browser asks for an original: status, media type, content."""
    scope, sent = {"type": "http", "method": "GET", "query_string": query.encode()}, []

    async def receive() -> dict[str, Any]:
        return {"type": "http.request"}

    async def send(message: dict[str, Any]) -> None:
        sent.append(message)

    asyncio.run(server_originals.answer(scope)(scope, receive, send))  # type: ignore[arg-type]
    begun, content = sent
    return begun["status"], dict(begun["headers"])[b"content-type"], content["body"]


def test_reviewer_sees_the_original_and_the_outline_of_what_is_marked(
    home: Path, open_page: OpenPage
) -> None:
    contents = defect_set(home)
    link = {"dataset": "own:parts", "model": "tiny-dense", "queue": "all"}
    app = open_page(section_outliers="review", **link)
    assert not app.exception
    items = {item["id"]: item for item in desk(app)["items"]}
    name, item = next((name, item) for name, item in items.items() if "crack" in name)
    assert item["title"] == f"{name} · class crack"
    assert item["outline"].startswith("data:image/png")
    assert item["why_none"] == ""
    status, kind, content = answer_to(item["full"].partition("?")[2])
    assert (status, kind) == (200, b"image/png")
    seen = np.asarray(Image.open(io.BytesIO(content)))
    np.testing.assert_array_equal(seen, np.asarray(Image.open(io.BytesIO(contents[name]))))
    assert answer_to("set=own:parts&id=x")[::2] == (404, b"There is no such original.")


def test_marks_of_a_persons_own_masks_are_not_said_to_be_planted(
    home: Path, open_page: OpenPage
) -> None:
    defect_set(home)
    outcome = found_in("own:parts", open_page)
    titles = [row.label for row in outlier_pictures.described(outcome, np.arange(10)).rows]
    assert titles[-1] == "Marked defect"


def test_verdicts_rank_the_queue_anew_and_say_why(
    open_page: OpenPage, nothing_kept: Reviews
) -> None:
    images = catalogue.load("mnist-5k")
    odd = np.isin(np.asarray(images.labels), (5, 9))
    fixed = desk(open_page(section_outliers="review", queue="all"))
    assert not [fact for item in fixed["items"] for fact in item["facts"] if "you called" in fact]
    nothing_kept.record(
        [
            decision(str(images.ids[i]), "outlier" if odd[i] else "normal", "me")
            for i in range(0, 400, 2)
        ]
    )
    app = open_page(section_outliers="review", queue="all")
    toggle = next(one for one in app.toggle if one.label == "Verdicts re-rank")
    sent = desk(toggle.set_value(True).run())
    assert (sent["total"], sent["decided"], sent["place"]) == (1000, 200, 200)
    new = [item["id"] for item in sent["items"] if item["place"] >= 200]
    assert new != [item["id"] for item in fixed["items"]][: len(new)]
    said = [fact for item in sent["items"] for fact in item["facts"]]
    assert any("that you called" in fact for fact in said)
    assert any("By cross-validation over" in one.value for one in app.caption)
    assert desk(toggle.set_value(False).run())["items"] != sent["items"]


def test_what_was_shown_keeps_its_place_when_the_rest_is_ranked_anew(
    open_page: OpenPage, nothing_kept: Reviews, monkeypatch: pytest.MonkeyPatch
) -> None:
    outcome, name = found_by(open_page), "queue taught"
    queue = np.arange(50)
    first = outlier_review.taught_queue(outcome, queue, "me", None, name).order
    assert sorted(first.tolist()) == list(range(50))
    ids = outcome.images.ids[first]
    others = outcome.images.ids[50:600]
    verdicts = ["outlier" if i % 5 else "normal" for i in range(550)]
    said = zip([*ids[:3], *others], ["outlier"] * 3 + verdicts, strict=True)
    nothing_kept.record([decision(str(one), verdict, "me") for one, verdict in said])
    monkeypatch.setattr(
        outlier_review, "_taught", lambda _: outlier_review.Taught(name, first, {}, first > 0)
    )
    after = Report(place=3, pending=(), known=frozenset())
    second = outlier_review.taught_queue(outcome, queue, "me", after, name).order
    assert (second[:4] == first[:4]).all()
    assert sorted(second.tolist()) == list(range(50))
    assert (second != first).any()


def test_what_verdicts_taught_is_a_table_with_its_evaluation(open_page: OpenPage) -> None:
    outcome = found_by(open_page)
    verdicts = {i: i % 3 == 0 for i in range(60)}
    table = outlier_export.taught_table(outcome, verdicts)
    assert table["taught_score"].is_monotonic_decreasing
    assert (table["verdict"] != "").sum() == 60
    assert 0 <= table["auroc_taught"].iloc[0] <= 1
    assert len(table) == len(outcome.images)
    assert outlier_export.taught_table(outcome, {})["auroc_taught"].isna().all()


def test_images_of_a_class_left_out_in_training_are_judged_also_outside_the_test_part(
    home: Path, open_page: OpenPage, only_tiny_models: Path
) -> None:
    digits = catalogue.load("mnist-5k").images[:80, 0]
    pictures = {
        f"{'ok' if i % 4 else 'bad'}/{i:02d}.png": encoded(Image.fromarray(x), "PNG")
        for i, x in enumerate(digits)
    }
    make(gather(offers(pictures), Form((28, 28), 1, "pad"), "a test"), "scans", Keeping())
    document = tiny_document("dense", DIGITS, dataset="own:scans", excluded_classes=("bad",))
    checkpoints.save(only_tiny_models / "without-bad.safetensors", document, tiny_tensors(document))
    app = open_page(dataset="own:scans", model="without-bad", score="mse", section_outliers="truth")
    assert not app.exception
    n_judged = 20 + sum(one.startswith("ok") for one in store.load("scans", "test").ids.tolist())
    said = [one.value for one in app.markdown]
    assert any(f"of {n_judged} images are flagged" in one for one in said), said
    assert any("All images of the classes that the model" in one.value for one in app.caption)
    assert any("20 of them are outliers" in one or "**20 " in one for one in said), said
