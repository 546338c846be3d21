import json
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from core.config import DataError, OptionError
from core.data.named import planting
from core.data.own import draft as drafts
from core.data.own import store
from core.data.own.draft import Draft, Form
from core.data.own.import_images import gather
from core.data.own.make_set import Keeping, make, plan
from core.images.preparation import Framing, legacy, words
from tests.core.data.own.test_import_images import image_file, left_behind, offers
from tests.core.hostile_images_for_tests import encoded

FORM = Form((16, 16), 3)


def drafted(n: int = 40, repeated: int = 0, small: int = 0) -> Draft:
    files = {f"{'ab'[i % 2]}/{i:03d}.png": image_file(24, 24, 3, seed=i) for i in range(n)}
    files |= {f"c/{i:03d}.png": image_file(24, 24, 3, seed=i) for i in range(repeated)}
    files |= {f"d/{i:03d}.png": image_file(5, 24, 3, seed=90 + i) for i in range(small)}
    return gather(offers(files), FORM, "a test")


def everything(name: str) -> tuple[dict[str, bytes], dict[str, bytes]]:
    """Pixels by id, of what is not tested on (train and calibration), and of the test part."""
    whole, test = (store.load(name, split) for split in ("all", "test"))
    pixels = {i: x.tobytes() for i, x in zip(whole.ids.tolist(), whole.images, strict=True)}
    tested = set(test.ids.tolist())
    return (
        {i: x for i, x in pixels.items() if i not in tested},
        {i: x for i, x in pixels.items() if i in tested},
    )


def test_set_made_holds_each_image_of_the_draft_once_in_one_part(home: Path) -> None:
    draft = drafted()
    own = make(draft, "mine", Keeping())
    train, test = everything("mine")
    assert not train.keys() & test.keys()
    assert (own.n_train + own.n_calibration, own.n_test) == (len(train), len(test))
    pixels = draft.pixels()
    assert train | test == {name: pixels[i].tobytes() for i, name in enumerate(draft.names)}


def test_set_says_how_its_images_were_prepared(home: Path) -> None:
    files = {f"{i}.png": image_file(24, 20, seed=i) for i in range(8)}
    draft = gather(offers(files), Form((16, 24), 1, "pad"), "a test")
    make(draft, "mine", Keeping())
    assert store.find("mine").how == draft.preparation == store.load("mine", "test").preparation
    assert words(draft.preparation) == "padded to 16 pixels high, 24 wide, grey, values 0 to 255"


OLD_DOCUMENT = (  # as the code wrote it before preparations were noted
    '{"format":1,"name":"mine","shape":[1,16,16],"class_names":[],"n_train":6,"n_test":2,"seed":0,'
    '"source":"a test","n_left_out":0,"date":"2026-11-01T10:00:00+00:00","manner":"pad"}'
)


@pytest.mark.parametrize(("manner", "framing"), [("pad", "pad"), ("digit", "digit"), ("", "crop")])
def test_set_made_before_preparations_were_noted_keeps_what_was_done_to_it(
    home: Path, manner: str, framing: Framing
) -> None:
    folder = store.folder_of("mine")
    folder.mkdir(parents=True)
    old = OLD_DOCUMENT.replace('"manner":"pad"', f'"manner":"{manner}"')
    (folder / store.DOCUMENT).write_text(old)
    np.save(
        folder / store.IMAGES,
        np.random.default_rng(0).integers(0, 256, (8, 1, 16, 16), dtype=np.uint8),
    )
    ids = [f"{i}.png" for i in range(8)]
    rows = json.dumps({"ids": ids, "labels": None, "rejected": []})
    (folder / store.ROWS).write_text(rows)
    assert len(store.load("mine", "all")) == 8
    assert store.find("mine").how == legacy((1, 16, 16), framing)
    (folder / store.DOCUMENT).write_text(old.replace(f',"manner":"{manner}"', ""))
    assert store.find("mine").how == legacy((1, 16, 16))


@pytest.mark.parametrize(
    "change", [{"size": [16, 17]}, {"channels": 1}, {"framing": "fold"}, {"more": 1}, None]
)
def test_set_with_a_preparation_that_cannot_be_is_not_listed(
    home: Path, change: dict[str, object] | None
) -> None:
    make(drafted(), "mine", Keeping())
    path = store.folder_of("mine") / store.DOCUMENT
    document = json.loads(path.read_bytes())
    document["preparation"] = change and document["preparation"] | change
    path.write_text(json.dumps(document))
    assert store.available() == ()


def test_labels_are_the_folders_and_stay_with_their_images(home: Path) -> None:
    own = make(drafted(), "mine", Keeping())
    assert own.class_names == ("a", "b")
    for split in store.SPLITS:
        part = store.load("mine", split)
        assert [part.label_name(i) for i in range(len(part))] == [i[0] for i in part.ids.tolist()]


def test_split_depends_on_the_seed_and_on_nothing_else(home: Path) -> None:
    for name, seed in (("one", 1), ("same", 1), ("other", 2)):
        make(drafted(), name, Keeping(seed=seed, test_share=0.3))
    assert everything("one") == everything("same")
    assert everything("one") != everything("other")


@pytest.mark.parametrize("share", [0.1, 0.3, 0.5])
def test_test_part_has_the_share_asked_for_of_each_class(home: Path, share: float) -> None:
    own = make(drafted(200), "mine", Keeping(test_share=share))
    assert (own.n_test, own.n_calibration) == (round(200 * share), 40)
    test = store.load("mine", "test")
    assert test.labels is not None
    assert np.bincount(test.labels).tolist() == [round(100 * share)] * 2


def test_what_is_left_out_is_listed_with_its_reason_and_everything_adds_up(home: Path) -> None:
    draft = drafted(20, repeated=5, small=3)
    own = make(draft, "mine", Keeping(small=False))
    left_out = store.load("mine", "test").rejected
    assert own.n + len(left_out) == draft.n_offered == 28
    assert ("c/003.png", "It equals b/003.png.") in left_out
    assert ("d/001.png", "It is very small: 24 x 5.") in left_out
    assert own.n_left_out == 8


def test_images_that_are_almost_equal_never_stand_in_both_parts(home: Path) -> None:
    draft = drafted(30, repeated=30)
    for seed in range(5):
        make(draft, f"set-{seed}", Keeping(repeats=True, seed=seed, test_share=0.5))
        train, test = everything(f"set-{seed}")
        assert len(train) + len(test) == 60
        assert not set(train.values()) & set(test.values())


@pytest.mark.parametrize("share", [0.01, 0.9])
def test_neither_part_is_left_empty_however_few_images_there_are(home: Path, share: float) -> None:
    own = make(drafted(2), "mine", Keeping(test_share=share))
    assert (own.n_train, own.n_test) == (1, 1)


def test_images_that_are_all_alike_are_still_parted(home: Path) -> None:
    files = {f"{i}.png": image_file(24, 24, 3) for i in range(4)}
    own = make(gather(offers(files), FORM, "a test"), "mine", Keeping(repeats=True))
    assert min(own.n_train, own.n_test) >= 1


def test_one_image_alone_is_refused_with_what_to_do(home: Path) -> None:
    with pytest.raises(DataError, match="keep more"):
        make(drafted(1), "mine", Keeping())


def test_name_that_is_taken_or_none_is_refused_and_the_first_set_stays(home: Path) -> None:
    make(drafted(4), "mine", Keeping())
    before = everything("mine")
    with pytest.raises(DataError, match="choose another name"):
        make(drafted(6), "mine", Keeping())
    for wrong in ("../x", "/etc/passwd", "a/b", "a\0", "%2e%2e", "x" * 300, "x.", "\u202eabc", ""):
        with pytest.raises(OptionError, match="cannot be a name"):
            make(drafted(4), wrong, Keeping())
    assert everything("mine") == before


def test_making_stopped_half_way_leaves_no_set_and_the_draft_can_be_made_after_all(
    home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(drafts, "BLOCK_BYTES", 1000)
    draft = drafted(20)

    def stop(done: int, total: int | None) -> None:
        if done > 2:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        make(draft, "mine", Keeping(), stop)
    assert left_behind() == [draft.folder]
    told: list[tuple[int, int | None]] = []
    make(draft, "mine", Keeping(), lambda *amounts: told.append(amounts))
    assert len(told) > 3
    assert told == sorted(told)
    assert told[-1] == (20, 20)


def test_disk_that_refuses_is_one_sentence_and_leaves_nothing(
    home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    draft = drafted(4)

    def full(_: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("core.data.own.make_set.os.fsync", full)
    with pytest.raises(DataError, match="No space left"):
        make(draft, "mine", Keeping())
    assert left_behind() == [draft.folder]


def test_folder_that_takes_no_new_one_is_one_sentence(
    home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    draft = drafted(4)

    def refuse(**_: object) -> str:
        raise OSError(30, "Read-only file system")

    monkeypatch.setattr("core.data.own.make_set.tempfile.TemporaryDirectory", refuse)
    with pytest.raises(DataError, match="Read-only"):
        make(draft, "mine", Keeping())


@pytest.mark.parametrize("wrong", [{"test_share": 0.0}, {"test_share": 1.0}, {"seed": -1}])
def test_keeping_outside_its_bounds_is_refused(wrong: dict[str, float]) -> None:
    with pytest.raises(OptionError):
        Keeping(**wrong)  # type: ignore[arg-type]


def test_near_groups_follow_their_leader_into_its_part(home: Path) -> None:
    draft = drafted(30)
    draft.near[1::3] = np.arange(0, 30, 3)  # every second of three is taken for almost the first
    make(draft, "mine", Keeping(test_share=0.5))
    train, test = everything("mine")
    for i in range(0, 30, 3):
        pair = {draft.names[i], draft.names[i + 1]}
        assert pair <= train.keys() or pair <= test.keys()


def camera_shots(n: int, amount: float = 3.0) -> dict[str, bytes]:
    """What a fixed camera takes: the same scene, and noise."""
    rng = np.random.default_rng(1)
    scene = rng.integers(40, 200, (24, 24, 3)).astype(float)
    shots = (np.clip(scene + rng.normal(0, amount, scene.shape), 0, 255) for _ in range(n))
    return {
        f"{i:03d}.png": encoded(Image.fromarray(shot.astype(np.uint8)), "PNG")
        for i, shot in enumerate(shots)
    }


def test_shots_of_a_fixed_camera_are_no_copies_and_are_parted_as_asked(home: Path) -> None:
    draft = gather(offers(camera_shots(80)), FORM, "a test")
    assert not draft.near_repeats().any()
    own = make(draft, "mine", Keeping())
    assert (own.n_train, own.n_calibration, own.n_test) == (48, 16, 16)


def test_known_outliers_are_all_tested_on_and_that_is_said(home: Path) -> None:
    planned = plan(drafted(40), Keeping(outlier_classes=("b",)))
    own = make(drafted(40), "mine", Keeping(outlier_classes=("b",)))
    assert own.outlier_classes == ("b",)
    for name in ("train", "calibration"):
        part = store.load("mine", name)
        assert {part.label_name(i) for i in range(len(part))} == {"a"}
    test = store.load("mine", "test")
    assert test.factors is not None
    assert test.factors["is_outlier"].sum() == 20
    assert any("20 known outliers are all tested on" in said for said in planned.warnings)
    with pytest.raises(DataError, match="no class 'x'"):
        make(drafted(4), "other", Keeping(outlier_classes=("x",)))


def test_images_of_one_group_fall_into_one_part(home: Path) -> None:
    files = {f"{i // 4:02d}_{i % 4}.png": image_file(24, 24, seed=i) for i in range(80)}
    own = make(gather(offers(files), FORM, "t"), "mine", Keeping(group_by=r"^(\d+)_"))
    groups = [
        {i[:2] for i in store.load("mine", part).ids.tolist()}
        for part in ("train", "calibration", "test")
    ]
    assert sum(map(len, groups)) == 20
    assert (own.n_calibration, own.n_test) == (16, 16)


def labelled(files: dict[str, int]) -> Draft:
    """Images by name and seed."""
    found = {name: image_file(24, 24, 3, seed=seed) for name, seed in files.items()}
    return gather(offers(found), FORM, "a test")


def test_equal_pictures_under_two_classes_are_told_and_can_be_left_out(home: Path) -> None:
    draft = labelled({f"{'cat' if i % 2 else 'dog'}/{i}.png": i for i in range(10)} | {
        "cat/same.png": 90, "dog/same.png": 90})  # fmt: skip
    told = plan(draft, Keeping()).warnings
    assert told == (
        (
            "2 images stand under two classes with equal pixels, such as cat/same.png and "
            "dog/same.png: leave them out, or correct their classes."
        ),
    )
    own = make(draft, "mine", Keeping(conflicting=False))
    assert own.n == 10
    assert {one.name for one in store.load("mine", "all").rejected} == {
        "cat/same.png", "dog/same.png"}  # fmt: skip


def test_parts_of_the_source_are_taken_over_and_copies_across_them_can_be_left_out(
    home: Path,
) -> None:
    parts = {"training": range(20), "validation": range(20, 30), "testing": range(30, 40)}
    files = {f"{p}/{'ab'[i % 2]}/{i}.png": i for p, many in parts.items() for i in many}
    draft = labelled(files | {"training/a/copy.png": 30})
    own = make(draft, "kept", Keeping(repeats=True))
    assert own.class_names == ("a", "b")
    assert (own.n_train, own.n_calibration, own.n_test) == (21, 10, 10)
    warnings = plan(draft, Keeping(repeats=True)).warnings
    assert any("1 image for training or calibration" in said for said in warnings)
    own = make(draft, "clean", Keeping(repeats=True, across=False))
    assert (own.n_train, own.n_calibration, own.n_test) == (20, 10, 10)


def test_masks_of_the_defect_layout_are_masks_of_their_images(home: Path) -> None:
    mask = np.zeros((24, 24), np.uint8)
    mask[:12] = 255
    files = {f"train/good/{i:03d}.png": image_file(24, 24, seed=i) for i in range(25)}
    files |= {f"test/good/{i:03d}.png": image_file(24, 24, seed=50 + i) for i in range(5)}
    files |= {f"test/crack/{i:03d}.png": image_file(24, 24, seed=70 + i) for i in range(5)}
    files |= {
        f"ground_truth/crack/{i:03d}_mask.png": encoded(Image.fromarray(mask), "PNG")
        for i in range(5)
    }
    own = make(gather(offers(files), Form((16, 16), 1), "a test"), "mine", Keeping())
    assert own.class_names == ("crack", "good")
    assert own.outlier_classes == ("crack",)
    assert (own.n_train, own.n_calibration, own.n_test) == (19, 6, 10)
    test = store.load("mine", "test")
    assert test.masks is not None
    assert test.factors is not None
    expected = np.zeros((16, 16), bool)
    expected[:8] = True
    for i in range(len(test)):
        is_crack = test.label_name(i) == "crack"
        assert test.factors["is_outlier"][i] == is_crack
        np.testing.assert_array_equal(test.masks[i], expected & is_crack)
    usual = planting.usual(store.load("mine", "train"))
    assert len(usual) == 19


def test_set_that_is_too_small_to_calibrate_says_so(home: Path) -> None:
    make(drafted(10), "mine", Keeping())
    with pytest.raises(DataError, match="no images in its part 'calibration'"):
        store.load("mine", "calibration")


def test_classes_that_differ_in_capital_letters_alone_are_told_and_can_be_one(home: Path) -> None:
    files = {f"{c}/{c}{i}.png": image_file(24, 24, seed=10 * k + i)
             for k, c in enumerate(("Cat", "cat", "dog")) for i in range(4)}  # fmt: skip
    draft = gather(offers(files), FORM, "a test")
    (said,) = plan(draft, Keeping()).warnings
    assert "Cat and cat" in said
    merged = plan(draft, Keeping(merged=True, outlier_classes=("cat",)))
    assert merged.outlier_classes == ("Cat",)
    assert merged.labels()[1] == ("Cat", "dog")
    assert not merged.warnings
