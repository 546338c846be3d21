"""How a draft becomes a set: its layout, what is left out, its parts; warnings, and what to do."""

from dataclasses import replace

import numpy as np
import numpy.typing as npt
import streamlit as st

from core.config import HourglassError
from core.data.offered.names import printable
from core.data.own import layouts, make_set, warn
from core.data.own.draft import Draft
from core.data.own.layouts import Arrangement, Sheet
from core.data.own.make_set import Keeping, Planned
from core.text import counted, listed
from pages.ui.components import gallery
from pages.ui.components.gallery import Columns, Item
from pages.ui.figures.text import plain, sentence
from pages.ui.own import findings
from pages.ui.own import results as own_results

PLAN = "own_plan"  # what the last draft would become, as long as nothing else is chosen
SHOWN = 12  # images beside a warning
MOST_CLASSES = 8  # that are named
TABLED = "own_tabled"  # the last draft with a table that was added to it
TABLE_HELP = (
    "A column called file (or filename, image, path) and one called label (or class, category), "
    "separated by commas, semicolons or tabs; also a column split, if you like"
)
PART_WORDS = {"train": "to train", "calibration": "to calibrate", "test": "to test"}


def draw(draft: Draft) -> tuple[Keeping, str]:
    """The controls, what comes of them and what to be warned of; what is kept, and the name."""
    layout, arrangement = _layout(draft)
    keeping, name = _controls(draft, arrangement)
    keeping = replace(keeping, layout=layout)
    keeping = _remedies(draft, arrangement, keeping)
    try:
        planned = _planned(draft, keeping)
    except HourglassError as error:
        st.error(sentence(str(error)), icon=":material/error:")
        return keeping, name
    _outcome(planned)
    return keeping, name


def with_table(draft: Draft) -> Draft:
    """The draft with the table of labels that a person adds to it, if any."""
    with st.expander("Table of labels", icon=":material/table:"):
        given = st.file_uploader("A table with the class of each file", ["csv", "tsv", "txt"],
                                 key=f"own_table_{draft.folder.parent.name}_{draft.folder.name}",
                                 help=TABLE_HELP)  # fmt: skip
    if given is None:
        return draft
    held = st.session_state.get(TABLED)
    if held is None or held[0] is not draft or held[1] != given.file_id:
        content = given.getvalue()[: layouts.MAX_TABLE + 1]
        sheet = Sheet(name=printable(given.name), content=content)
        held = (draft, given.file_id, replace(draft, sheets=(sheet, *draft.sheets)))
        st.session_state[TABLED] = held
    tabled: Draft = held[2]
    return tabled


def _layout(draft: Draft) -> tuple[str, Arrangement]:
    """The layout that is chosen, and what it says; the one that is recognised comes first."""
    recognised = draft.arranged()
    fitting = [recognised.layout, *(one for one in layouts.LAYOUTS if _fits(draft, one))]
    chosen = st.selectbox(
        "Laid out as",
        list(dict.fromkeys(fitting)),
        format_func=lambda one: f"{layouts.TITLES[one]}{_recognised(one, recognised)}",
        help="What the folders of the images say of them. It was recognised by their names; "
        "choose another where that is wrong.",
        width=440,
    )
    found = recognised if chosen == recognised.layout else draft.arranged(chosen)
    st.caption(plain(_said(found)))
    return chosen, found


def _recognised(layout: str, found: Arrangement) -> str:
    if layout != found.layout:
        return ""
    return f" (classes from {found.table})" if found.table else " (recognised)"


def _fits(draft: Draft, layout: str) -> bool:
    try:
        draft.arranged(layout)
    except HourglassError:
        return False
    return True


def _said(found: Arrangement) -> str:
    """What a layout says, in a sentence or two."""
    names = sorted({label for label in found.labels if label})
    said = [f"{counted(len(names), 'class', 'classes')}: {listed(names, MOST_CLASSES)}."]
    if not names:
        said = ["No classes."]
    stated = [part for part in found.parts if part]
    if stated:
        counts = [
            f"{stated.count(part):,} {words}"
            for part, words in PART_WORDS.items()
            if part in stated
        ]
        said.append(f"Parts of the source: {listed(counts)}.")
    if found.is_mask.any():
        said.append(f"{counted(int(found.is_mask.sum()), 'mask')} of defects.")
    return " ".join(said)


def _controls(draft: Draft, arrangement: Arrangement) -> tuple[Keeping, str]:
    with st.container(horizontal=True, vertical_alignment="bottom", gap="medium"):
        equal, near, small = (
            not st.toggle(f"Leave out {words}", default, disabled=not count, help=explanation)
            for words, default, count, explanation in (
                ("equal", True, draft.repeats().sum(), "Keeps only the first of equal images"),
                ("almost equal", False, draft.near_repeats().sum(),
                 "If kept, almost equal images are put into the same split"),
                ("very small", False, draft.small().sum(),
                 "Images with less than half the chosen pixels a side; enlarging blurs them"),
            )
        )  # fmt: skip
    classes = sorted({label for label in arrangement.labels if label})
    with st.container(horizontal=True, vertical_alignment="bottom", gap="medium"):
        is_parted = "test" in arrangement.parts
        share = st.slider("To test on", 5, 50, 20, 5, format="%d %%", width=200,
                          disabled=is_parted,
                          help="Share of the images that are kept for testing only"
                          + (": here the source says which" if is_parted else ""))  # fmt: skip
        seed = st.number_input("Seed", 0, 2**32 - 1, 0, width=120,
                               help="The same seed gives the same split")  # fmt: skip
        group_by = st.text_input("Group by", "", width=180, placeholder="none",
                                 help="A regular expression: images in whose names it finds the "
                                 r"same stay in one part. ^(\d+)_ takes the number that a name "
                                 "begins with")  # fmt: skip
        outliers = st.multiselect("Outliers", classes, list(arrangement.outlier_classes), width=240,
                                  disabled=bool(arrangement.outlier_classes) or not classes,
                                  placeholder="none known",
                                  help="Classes whose images are all tested on, and never trained "
                                  "on")  # fmt: skip
        name = st.text_input("Name", make_set.free_name(draft.source), width=220,
                             help="1 to 64 lower-case letters, digits, - and _")  # fmt: skip
    return Keeping(
        repeats=equal,
        near_repeats=near,
        small=small,
        test_share=share / 100,
        seed=int(seed),
        group_by=group_by.strip(),
        outlier_classes=tuple(outliers),
    ), name


def _remedies(draft: Draft, arrangement: Arrangement, keeping: Keeping) -> Keeping:
    """Warnings about images that spoil a test, each with a control that leaves them out."""
    conflicts, across = (
        make_set.conflicting(draft, arrangement),
        make_set.across(draft, arrangement),
    )
    conflicting = not _remedy(
        draft,
        np.flatnonzero(conflicts),
        f"{counted(int(conflicts.sum()), 'image')} stand under two classes with equal pixels.",
        "Leave out what stands under two classes",
    )
    leaking = not _remedy(
        draft,
        np.flatnonzero(across),
        f"{counted(int(across.sum()), 'image')} for training or calibration equal or almost equal "
        "an image to test on.",
        "Leave these out of training and calibration",
    )
    found = {one.kind: one for one in warn.findings(draft)}
    empty, pages = (
        kind not in found or not _remedy(draft, found[kind].at, found[kind].sentence, control)
        for kind, control in (
            ("empty", "Leave out what is of one colour"),
            ("pages", "Leave out files of several pictures"),
        )
    )
    merged = False
    if words := make_set.about_alike(arrangement):
        st.warning(plain(words), icon=":material/warning:")
        merged = st.toggle("Merge these classes", help="The first name of each stays")
    return replace(
        keeping,
        conflicting=conflicting,
        across=leaking,
        empty=empty,
        pages=pages,
        merged=merged,
    )


def _remedy(draft: Draft, at: npt.NDArray[np.int64], words: str, control: str) -> bool:
    """Whether some images are to be left out; nothing is asked if there are none."""
    if not len(at):
        return False
    st.warning(plain(words), icon=":material/warning:")
    out = st.toggle(control, key=f"own_remedy_{control}")
    items = [Item(draft.names[i], (own_results.last_part(draft.names[i]),)) for i in at[:SHOWN]]
    packed = gallery.pack(items, [findings.drawn(draft, at[:SHOWN])], Columns(("image",)))
    gallery.show(packed, f"own_shown_{control}")
    return out


def _planned(draft: Draft, keeping: Keeping) -> Planned:
    """What the draft would become; computed once for the same choice."""
    held = st.session_state.get(PLAN)
    if held is None or held[0] is not draft or held[1] != keeping:
        held = (draft, keeping, make_set.plan(draft, keeping))
        st.session_state[PLAN] = held
    planned: Planned = held[2]
    return planned


def _outcome(planned: Planned) -> None:
    parts = planned.parts
    st.markdown(
        f"**{counted(len(planned.kept), 'image')}**: {len(parts.train):,} to train, "
        f"{len(parts.calibration):,} to calibrate, {len(parts.test):,} to test.",
        help="Calibration images are neither trained on nor judged: they tell how usual images "
        "score, so that a rate of false alarms can be promised",
    )
    for note in (*planned.arrangement.notes, *parts.notes):
        st.warning(plain(note), icon=":material/warning:")
