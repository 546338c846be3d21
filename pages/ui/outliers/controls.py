"""What the Outliers page can be asked: which score, which threshold, and what is known."""

from collections.abc import Mapping
from typing import NamedTuple, assert_never

import numpy as np
import streamlit as st

from core.anomaly import thresholds
from core.anomaly.choosing import ChosenScore
from core.anomaly.scores import BY_NAME, Score
from core.anomaly.thresholds import PROMISING, Mode, Reference, Threshold
from core.checkpoints import trained_on
from pages.ui.figures.text import plain
from pages.ui.frame.sidebar import Choice
from pages.ui.outliers import data as outlier_data
from pages.ui.outliers import known as outlier_known
from pages.ui.outliers import region as outlier_region
from pages.ui.outliers.data import Flags, Outcome, Scope, Scored
from pages.ui.session import state, widgets

MODES: dict[Mode, str] = {
    "rate": "Rate",
    "false finds": "False finds",
    "share": "Share",
    "robust z": "Robust z",
    "fixed": "Fixed",
    "best F1": "Best F1",
}
CHOOSE, NO_CHOICE = "choose_score", "no_score_to_choose"  # for which images and model
MEASURED: tuple[Mode, ...] = ("share", "robust z")  # on images that can be chosen
BASES = {"references": "reference images", "judged": "these images"}


class Amount(NamedTuple):
    """A number that can be entered.  key: in the link.  format: as printf has it."""

    key: str
    label: str
    default: float
    low: float
    high: float
    step: float
    format: str
    help: str


AMOUNTS: Mapping[Mode, Amount] = {
    "false finds": Amount(
        key="false_finds", label="Percent of the flagged", low=0.1, high=90.0, step=1.0,
        default=100 * thresholds.DEFAULT_FALSE_FINDS, format="%.1f",
        help="How many of the flagged images may be usual ones, on average",
    ),
    "share": Amount(
        key="share", label="Percent above", default=1.0, low=0.0, high=50.0, step=0.1,
        format="%.1f", help="Percentage above the threshold",
    ),
    "robust z": Amount(
        key="z", label="Deviations", default=3.5, low=0.0, high=50.0, step=0.5, format="%.1f",
        help="Robust standard deviations above the median; 3.5 is customary",
    ),
}  # fmt: skip


def outcome(choice: Choice) -> Outcome:
    """The controls, and what they make of the images."""
    with st.container(horizontal=True, vertical_alignment="bottom"):
        place = st.container(width="content")
        scope = outlier_known.scope(choice)
        names = outlier_data.offered(scope)
        chosen = _choice(scope)
        with place:
            spec = names[_score(names, chosen)]
        _why(chosen, scope)
        outlier_region.draw(scope)
    outlier_data.prepare(scope, spec.name)
    (scored,) = outlier_data.scored(scope, [spec.name])
    images, is_outlier, _ = outlier_data.experiment(scope.dataset, scope.split, scope.truth)
    with st.container(horizontal=True, vertical_alignment="bottom"):
        mode = _mode(is_outlier is not None, scored.calibration is not None)
        base = _base(mode, scored)
        amount = _amount(mode, spec.name, base)
    threshold = _threshold(mode, amount, base, scored, is_outlier)
    if note := _of_comparison(scope, scored):
        st.caption(note)
    return Outcome(
        scope=scope,
        images=images,
        is_outlier=is_outlier,
        score=spec,
        scored=scored,
        threshold=threshold,
    )


def _of_comparison(scope: Scope, scored: Scored) -> str:
    """What should be known of what the images are compared with; "" if all is as usual."""
    if trained_on.known(scope.card) is not None:
        return plain(scored.why_none)
    said = f"This model's training images are not known, so it is compared with {scored.known}."
    return plain(f"{said} {scored.why_none}".strip())


def _choice(scope: Scope) -> ChosenScore | None:
    """The score to begin with, chosen now if the visitor asked for it."""
    key = (*scope.key[:3], "chosen")
    if st.session_state.get(CHOOSE) != key:
        return outlier_data.choice(scope)
    outcome = outlier_data.choose(scope)
    st.session_state.pop(CHOOSE)
    state.forget(("score",))
    if outcome is None:
        st.session_state[NO_CHOICE] = key
    return outcome


def _why(chosen: ChosenScore | None, scope: Scope) -> None:
    """How the score was chosen, or a button that chooses one."""
    key = (*scope.key[:3], "chosen")
    if chosen is None:
        st.button(
            "Choose a score",
            icon=":material/experiment:",
            on_click=st.session_state.__setitem__,
            args=(CHOOSE, key),
            disabled=st.session_state.get(NO_CHOICE) == key,
            help="Plants outliers among usual images that are not judged (local defects, another "
            "structure, another appearance, true outliers never seen) and begins with the score "
            "that finds them clearly better than the mean of several scores, else with that mean. "
            "Without such images there is nothing to choose by",
        )
        return
    with st.popover("Why this score", icon=":material/experiment:", help="How it was chosen"):
        st.markdown(plain(chosen.why()))
        rows = [
            {"score": BY_NAME[name].title, "mean": chosen.mean(name), **chosen.auroc[name]}
            for name in sorted(chosen.auroc, key=chosen.mean, reverse=True)
        ]
        columns = {name: st.column_config.NumberColumn(format="%.2f") for name in list(rows[0])[1:]}
        st.dataframe(rows, hide_index=True, column_config=columns, height="content")
        st.caption("AUROC for each kind of planted outlier; 0.5 = guessing.")


def _score(names: dict[str, Score], chosen: ChosenScore | None) -> str:
    return widgets.choice(
        st.selectbox,
        "Score",
        list(names),
        key="score",
        default=chosen.best if chosen and chosen.best in names else "mse",
        format_func=lambda name: names[name].title + (" · baseline" * names[name].baseline),
        help="The anomaly score; for every score, higher = more anomalous",
        width=340,
    )


def _mode(has_truth: bool, has_calibration: bool) -> Mode:
    """What promises a rate is offered only where there are images to measure it on."""
    left_out = (() if has_truth else ("best F1",)) + (() if has_calibration else PROMISING)
    modes = [mode for mode in MODES if mode not in left_out]
    return widgets.choice(
        st.segmented_control,
        "Threshold",
        modes,
        key="threshold",
        default=modes[0],
        required=True,
        format_func=MODES.__getitem__,
        help="\n".join(f"- **{MODES[m]}** {thresholds.EXPLANATIONS[m]}" for m in modes),
    )


def _base(mode: Mode, scored: Scored) -> Reference:
    """The scores the threshold is derived from."""
    name, own = scored.known, scored.scores
    if mode in MEASURED:
        base = widgets.choice(
            st.segmented_control,
            "Measured on",
            list(BASES),
            key="measured_on",
            default="references",
            required=True,
            format_func=BASES.__getitem__,
            help=f"Images that are not judged ({name}), or the judged images themselves, for a "
            "share of them",
        )
        if base == "judged":
            return Reference(own, f"these {len(own):,} images themselves")
        return Reference(scored.references, name)
    return scored.usual


def _amount(mode: Mode, score: str, base: Reference) -> float:
    """The number that the threshold is made of; of no meaning to best F1."""
    match mode:
        case "rate":
            return widgets.rate()
        case "false finds" | "share" | "robust z":
            return _number(AMOUNTS[mode])
        case "fixed":
            return _number(_fixed(score, base))
        case "best F1":
            return 0.0
        case _:
            assert_never(mode)


def _fixed(score: str, base: Reference) -> Amount:
    """A value on the score's own scale, at first what 1 % of the base lie above."""
    quantile = np.quantile(base.scores, 0.99)
    start = float(np.format_float_positional(quantile, 3, fractional=False))
    step = float(10 ** np.floor(np.log10(max(abs(start), 1e-9)) - 1))
    about = "On the score's own scale"
    return Amount(
        key=f"fixed_{score}",
        label="Value",
        default=start,
        low=-1e9,
        high=1e9,
        step=step,
        format="%.5g",
        help=about,
    )


def _threshold(
    mode: Mode, amount: float, base: Reference, scored: Scored, is_outlier: Flags | None
) -> Threshold:
    """The threshold that is asked for.  is_outlier: (n,), of the judged images.

    Those that need a calibration, or known outliers, are offered only where there are some.
    """
    match mode:
        case "rate":
            assert scored.calibration is not None
            return thresholds.by_rate(scored.calibration, amount, len(scored.scores))
        case "false finds":
            assert scored.calibration is not None
            return thresholds.by_false_finds(scored.calibration, scored.scores, amount / 100)
        case "share":
            return thresholds.by_share(base, amount / 100)
        case "robust z":
            return thresholds.by_robust_z(base, amount)
        case "fixed":
            return thresholds.fixed(amount)
        case "best F1":
            assert is_outlier is not None
            return thresholds.best_f1(scored.scores, is_outlier)
        case _:
            assert_never(mode)


def _number(one: Amount) -> float:
    style = {"step": one.step, "format": one.format, "help": one.help, "width": 150}
    return widgets.number(
        st.number_input, one.label, one.low, one.high, one.key, one.default, **style
    )
