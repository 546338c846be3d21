"""The wall of the odd ones: originals, what is said of each, and a person's verdicts on them.

Verdicts are those of the review on the Outliers page: what is marked here is decided there, too.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd
import streamlit as st

from core.anomaly import find_tasks
from core.anomaly.teaching import ENOUGH, Teacher
from core.anomaly.thresholds import Threshold
from core.computing.stock import SplitRef
from core.computing.tasks import Arrays, task
from core.config import HourglassError, ReviewError
from core.data.own import originals as own_originals
from core.images.imagesets import ImageSet
from core.reviews import MAX_NAME
from pages.ui import cache, originals, progress
from pages.ui.components import wall as wall_component
from pages.ui.components.verdicts import Stamp, sorted_out
from pages.ui.components.wall import Picture
from pages.ui.figures import mosaic
from pages.ui.frame import downloads
from pages.ui.originals import Basket
from pages.ui.own import offering
from pages.ui.own import results as own_results
from pages.ui.session import selection, state

ON_A_PAGE = 48
MOST_REASONS = 60  # letters below an image
SIDE = 112  # pixels of an image on the wall, at least
MOST_ALIKE = 200  # images that are marked together
OPAQUE = 200  # of 255, of the strangest place in a map
KEY, KEPT, PROBLEM, REFUSED = "odd_wall", "odd_kept", "odd_problem", "odd_refused"
HELD = "odd_held"  # the order as verdicts have ranked it
WITHOUT_MODEL = "no network"  # in place of a model's name beside a verdict
DEFAULT_REVIEWER = "me"
VERDICTS = {"outlier": True, "normal": False}  # those that teach
TEACH = (
    "What you mark ranks the pages that come next: images like what you called odd come first, "
    "those like what you called usual last. Undo takes it back exactly. Off: the fixed order"
)


@dataclass(frozen=True)
class Wall:
    """All images of a set, how strange each is, and the threshold.

    order: positions, the strangest first.  flagged: (n,).  points: (n, k), near means alike.
    """

    images: ImageSet
    scores: npt.NDArray[np.float64]
    facts: npt.NDArray[np.str_]
    reasons: npt.NDArray[np.str_]
    points: npt.NDArray[np.float32]
    order: npt.NDArray[np.int64]
    flagged: npt.NDArray[np.bool_]
    threshold: Threshold

    @property
    def id(self) -> str:
        return self.images.id

    def teacher(self) -> Teacher:
        """What ranks the images by verdicts."""
        key = ("odd teacher", self.id, self.points[:1].tobytes(), self.scores.tobytes())
        return cache.kept(key, lambda: Teacher.of(self.points, self.scores))


def draw(wall: Wall, reviewer: str, teach: bool) -> None:
    """The images of one page after the other, the strangest first, and the marks on them.

    reviewer, teach: of controls().
    """
    verdicts = verdicts_of(wall, reviewer)
    n_pages = -(-len(wall.order) // ON_A_PAGE)
    page = st.pagination(n_pages, key=f"odd_page_{n_pages}") if n_pages > 1 else 1
    order = _taught(wall, verdicts, page) if teach else wall.order
    if not teach:
        st.session_state.pop(HELD, None)
    at = order[ON_A_PAGE * (page - 1) : ON_A_PAGE * page]
    asked = task(
        find_tasks.where, SplitRef.of(wall.id, "all"), at.tolist(), title="Finding what is strange"
    )
    _wall(wall, at, ON_A_PAGE * (page - 1), reviewer, cache.find(asked))
    if teach:
        _what_was_taught(wall, verdicts)
    with progress.part():
        if cache.find(asked) is None:
            cache.computed(asked)
            st.rerun()


def controls() -> tuple[str, bool]:
    """The name under which verdicts are kept, and whether they rank."""
    state.recall_text("reviewer", DEFAULT_REVIEWER, MAX_NAME)
    about = "The name under which your verdicts are kept"
    st.text_input("Reviewer", key="reviewer", max_chars=MAX_NAME, help=about, width=200)
    state.publish("reviewer", DEFAULT_REVIEWER)
    teach = st.toggle("Verdicts re-rank", value=True, key="odd_teach", help=TEACH)
    return str(st.session_state["reviewer"]).strip() or DEFAULT_REVIEWER, teach


def verdicts_of(wall: Wall, reviewer: str) -> dict[int, bool]:
    """What a reviewer holds now, by position: whether odd; those unsure do not count."""
    said = {one: verdict for one, verdict in _said(wall, reviewer).items() if verdict in VERDICTS}
    at = wall.images.known_positions(said)
    return {i: VERDICTS[said[str(wall.images.ids[i])]] for i in at.tolist()}


def _said(wall: Wall, reviewer: str) -> dict[str, str]:
    """The reviewer's verdict on each image that has one."""
    try:
        current = cache.reviews().current(wall.id)
    except ReviewError as error:
        st.session_state[PROBLEM] = str(error)
        return {}
    return {image: by[reviewer].verdict for image, by in current.items() if reviewer in by}


def _taught(wall: Wall, verdicts: dict[int, bool], page: int) -> npt.NDArray[np.int64]:
    """The order as verdicts rank it; the pages that were shown keep what was on them."""
    name = (wall.id, wall.scores.tobytes())
    held = st.session_state.get(HELD)
    shown, before = held[1:] if held is not None and held[0] == name else (0, wall.order)
    prefix = before[: ON_A_PAGE * shown]
    lesson = wall.teacher().lesson(verdicts).order
    free = lesson[~np.isin(lesson, prefix)]
    decided = wall.order[~np.isin(wall.order, np.concatenate([prefix, free]))]
    parts = (prefix, free, decided) if shown else (decided, free)
    order = np.concatenate(parts).astype(np.int64)
    st.session_state[HELD] = (name, max(shown, page), order)
    return order


def _wall(
    wall: Wall,
    at: npt.NDArray[np.int64],
    first: int,
    reviewer: str,
    maps: Arrays | None,
) -> None:
    said = _said(wall, reviewer)
    drawn = mosaic.colours(wall.images.pixels(at))
    teacher, verdicts = wall.teacher(), verdicts_of(wall, reviewer)
    ids = wall.images.ids
    pictures = []
    for i, x, place in zip(at.tolist(), drawn, range(len(at)), strict=True):
        why = teacher.why(i, verdicts)
        pictures.append(
            Picture(
                id=str(ids[i]),
                src=mosaic.data_url(mosaic.png(x)),
                full=originals.address(wall.id, str(ids[i])),
                where="" if maps is None else overlay(maps["maps"][place]),
                lines=lines(wall, first + place + 1, i),
                facts=tuple(filter(None, (*facts(wall, i), why))),
                verdict=said.get(str(ids[i]), ""),
                alike=tuple(ids[teacher.alike(i, MOST_ALIKE)].tolist()),
            )
        )
    shown = wall_component.Wall(
        page=f"{wall.id} {hash(tuple(at.tolist()))}",
        pictures=tuple(pictures),
        side=SIDE,
        stamp=Stamp(wall.id, WITHOUT_MODEL, reviewer),
        verdicts=said,
        selected=selection.ids(),
        kept=tuple(st.session_state.get(KEPT, ())),
        problem=st.session_state.get(PROBLEM, ""),
        refused=tuple(st.session_state.get(REFUSED, ())),
    )
    if chosen := wall_component.show(shown, KEY, _keep):
        selection.toggle(chosen)
        st.rerun()


def _keep() -> None:
    """Called when verdicts arrive: they go to the disk, or are said not to."""
    sound, refused = sorted_out(wall_component.reported(KEY))
    st.session_state[REFUSED] = refused
    try:
        cache.reviews().record(sound)
    except HourglassError as error:
        st.session_state[PROBLEM] = str(error)
        return
    st.session_state[PROBLEM] = ""
    st.session_state[KEPT] = tuple(one.operation for one in sound)


def overlay(strange: npt.NDArray[np.float32]) -> str:
    """A map (H, W) of 0 to 1 as a picture that is transparent where nothing is strange."""
    colours = mosaic.map_colours(strange[None])[0]
    opacity = np.rint(strange * OPAQUE).astype(np.uint8)
    return mosaic.data_url(mosaic.png(np.dstack([colours, opacity])))


def lines(wall: Wall, rank: int, i: int) -> tuple[str, ...]:
    """What stands below an image: rank and name, whether it is flagged, and what is strange."""
    name = own_results.last_part(str(wall.images.ids[i]))
    first = str(wall.reasons[i]).partition(",")[0]
    why = str(wall.facts[i]) or (first if wall.flagged[i] else "")
    flag = " ⚑" if wall.flagged[i] else ""
    return tuple(filter(None, (f"{rank:,}{flag}  {name}", why[:MOST_REASONS])))


def facts(wall: Wall, i: int) -> tuple[str, ...]:
    """What stands beside an image under the lens."""
    label = wall.images.label_name(i)
    return tuple(
        filter(
            None,
            (
                f"score {wall.scores[i]:.2f}, threshold {wall.threshold.value:.2f}",
                str(wall.reasons[i]),
                f"class {label}" if label else "",
                _path(wall, i),
            ),
        )
    )


def _path(wall: Wall, i: int) -> str:
    """Where the file lies, for who sits at the machine; else ""."""
    if not offering.may_name_paths():
        return ""
    return own_originals.path_of(wall.id, str(wall.images.ids[i]))


def _what_was_taught(wall: Wall, verdicts: dict[int, bool]) -> None:
    """How well the verdicts foretell each other."""
    if not verdicts:
        return
    evaluation = wall.teacher().evaluation(verdicts)
    st.caption(
        evaluation.words()
        if evaluation
        else f"{len(verdicts):,} marked. With {ENOUGH} odd and {ENOUGH} usual ones it is measured "
        "how well they foretell each other, and a small model joins in."
    )


def exports(wall: Wall) -> None:
    """The table of all images with verdicts, and archives of the originals."""
    reviewer = str(st.session_state.get("reviewer", DEFAULT_REVIEWER)).strip() or DEFAULT_REVIEWER
    verdicts = verdicts_of(wall, reviewer)
    sure = offering.may_name_paths()
    about = "All images, the strangest first, with facts, verdicts and the score they teach"
    downloads.csv_button(lambda: table(wall, verdicts, reviewer, with_paths=sure), "odd", about)
    odd = [i for i in wall.order.tolist() if verdicts.get(i)]
    chosen = wall.images.known_positions(selection.ids()).tolist()
    flagged = wall.order[wall.flagged[wall.order]].tolist()
    for title, at in (("flagged", flagged), ("marked odd", odd), ("selected", chosen)):
        if at:
            _archive(wall, title, at, verdicts, reviewer)


def _archive(
    wall: Wall, title: str, at: Sequence[int], verdicts: dict[int, bool], reviewer: str
) -> None:
    ids = tuple(wall.images.ids[list(at)].tolist())

    def manifest() -> bytes:
        from core.export.tables import csv_bytes

        known = table(wall, verdicts, reviewer).set_index("id").loc[list(ids)].reset_index()
        return csv_bytes(known.assign(file=originals.archive_names(ids)))

    name = f"{wall.id.partition(':')[2]}-{title.replace(' ', '-')}"
    address = originals.zip_address(Basket(wall.id, ids, name, manifest))
    st.link_button(
        f"Originals of the {len(ids):,} {title}",
        address,
        icon=":material/folder_zip:",
        help="A zip of the files as they were added, with what is known of each in ids.csv",
    )


def table(
    wall: Wall, verdicts: dict[int, bool], reviewer: str = "", with_paths: bool = False
) -> pd.DataFrame:
    """A row an image, the strangest first.

    verdicts: by position; with any of them, taught_score is what they say of each image.
    """
    at, said = wall.order, _said(wall, reviewer)
    ids = wall.images.ids[at].tolist()
    columns: dict[str, object] = {
        "rank": np.arange(1, len(at) + 1),
        "id": ids,
        "class": [wall.images.label_name(i) for i in at.tolist()],
        "score": wall.scores[at],
        "is_outlier": wall.flagged[at],
        "facts": wall.facts[at].tolist(),
        "reason": wall.reasons[at].tolist(),
        "verdict": [said.get(one, "") for one in ids],
    }
    if verdicts:
        teacher = wall.teacher()
        evaluation = teacher.evaluation(verdicts)
        columns["taught_score"] = teacher.scores(verdicts)[at]
        columns["auroc_taught"] = evaluation.taught if evaluation else np.nan
    if with_paths:
        columns["path"] = [own_originals.path_of(wall.id, one) for one in ids]
    return pd.DataFrame(columns)


def refused(images: ImageSet) -> None:
    """The files that could not be read, with the reason for each."""
    if n := len(images.rejected):
        files = "file" if n == 1 else "files"
        with st.expander(f"{n:,} {files} could not be used", icon=":material/block:"):
            own_results.table_of_rejected(images.rejected)
