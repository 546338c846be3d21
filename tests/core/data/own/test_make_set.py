import json
from pathlib import Path

import numpy as np
import pytest

from core.config import DataError, OptionError
from core.data.own import draft as drafts
from core.data.own import store
from core.data.own.draft import Draft, Form
from core.data.own.import_images import gather
from core.data.own.make_set import Keeping, make
from core.images.preparation import Framing, legacy, words
from tests.core.data.own.test_import_images import image_file, left_behind, offers

FORM = Form((16, 16), 3)


def drafted(n: int = 40, repeated: int = 0, small: int = 0) -> Draft:
    files = {f"{'ab'[i % 2]}/{i:03d}.png": image_file(24, 24, 3, seed=i) for i in range(n)}
    files |= {f"c/{i:03d}.png": image_file(24, 24, 3, seed=i) for i in range(repeated)}
    files |= {f"d/{i:03d}.png": image_file(5, 24, 3, seed=90 + i) for i in range(small)}
    return gather(offers(files), FORM, "a test")


def everything(name: str) -> tuple[dict[str, bytes], dict[str, bytes]]:
    """Pixels by id, of the train and of the test part."""
    parts = (store.load(name, split) for split in ("train", "test"))
    train, test = (
        {i: x.tobytes() for i, x in zip(part.ids.tolist(), part.images, strict=True)}
        for part in parts
    )
    return train, test


def test_set_made_holds_each_image_of_the_draft_once_in_one_part(home: Path) -> None:
    draft = drafted()
    own = make(draft, "mine", Keeping())
    train, test = everything("mine")
    assert not train.keys() & test.keys()
    assert (own.n_train, own.n_test) == (len(train), len(test))
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
    for split in ("train", "test", "all"):
        part = store.load("mine", split)
        assert [part.label_name(i) for i in range(len(part))] == [i[0] for i in part.ids.tolist()]


def test_split_depends_on_the_seed_and_on_nothing_else(home: Path) -> None:
    for name, seed in (("one", 1), ("same", 1), ("other", 2)):
        make(drafted(), name, Keeping(seed=seed, test_share=0.3))
    assert everything("one") == everything("same")
    assert everything("one") != everything("other")


def test_test_part_has_about_the_share_asked_for(home: Path) -> None:
    own = make(drafted(200), "mine", Keeping(test_share=0.3))
    assert own.n_test == pytest.approx(60, abs=20)


def test_what_is_left_out_is_listed_with_its_reason_and_everything_adds_up(home: Path) -> None:
    draft = drafted(20, repeated=5, small=3)
    own = make(draft, "mine", Keeping(small=False))
    left_out = store.load("mine", "test").rejected
    assert own.n_train + own.n_test + len(left_out) == draft.n_offered == 28
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
