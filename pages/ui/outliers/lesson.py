"""What scores against a known truth say, in sentences that claim no more than the numbers do."""

import math
from collections.abc import Mapping
from dataclasses import dataclass

from core.anomaly.judging import Ranked
from core.anomaly.rankings import auroc_margin
from core.anomaly.scores import BY_NAME

OF_CODES = ("neighbours", "density", "mahalanobis")
# From so much AUROC on; below the last a score is not better than guessing.
RANGES = (
    (0.9, "finds these outliers well"),
    (0.8, "finds most of these outliers"),
    (0.7, "finds these outliers better than guessing, but misses many"),
    (0.6, "finds little of these outliers"),
)
WEAK, USEFUL = 0.6, 0.7


@dataclass(frozen=True)
class Setting:
    """What was tried.

    n_outliers, n_usual: images.  latent_dim: of the model.  was_seen: whether the model has learned
    from images like the outliers.
    """

    n_outliers: int
    n_usual: int
    latent_dim: int
    was_seen: bool = False


def lesson(ranked: Mapping[str, Ranked], setting: Setting) -> str:
    """What these very numbers say.  ranked: by name; the error and a score of codes are there."""
    best = max(ranked.values(), key=lambda one: one.auroc)
    said = [_of_best(best, setting)]
    if best.auroc < WEAK:
        said.append(
            "Nothing works here: none of these scores separates them from normal images, with a "
            "network or without."
        )
    else:
        said += [_against_baselines(ranked, setting), _of_error_and_codes(ranked, setting)]
    if setting.was_seen and best.auroc < USEFUL:
        said.append(
            "The model was trained with images of these classes, so they are not outliers to "
            "it: choose a model that was trained without them, or plant outliers."
        )
    return " ".join(filter(None, said))


def _of_best(best: Ranked, setting: Setting) -> str:
    margin = auroc_margin(best.auroc, setting.n_outliers, setting.n_usual)
    verdict = next((words for least, words in RANGES if best.auroc >= least), "")
    if not verdict or best.auroc - margin <= 0.5:
        verdict = "is hardly better than guessing"
    return (
        f"The best score, {_title(best)}, {verdict}: AUROC {best.auroc:.3f} ± {margin:.3f}, where "
        "guessing gives 0.5."
    )


def _against_baselines(ranked: Mapping[str, Ranked], setting: Setting) -> str:
    """Whether the network was worth it."""
    plain = [one for one in ranked.values() if BY_NAME[one.name].baseline]
    networks = [one for one in ranked.values() if not BY_NAME[one.name].baseline]
    if not plain or not networks:
        return ""
    first, other = (max(some, key=lambda one: one.auroc) for some in (networks, plain))
    words = f"Without a network {_title(other)} reaches {other.auroc:.3f}"
    added = first.auroc - other.auroc
    if not _differ(first, other, setting):
        adds = (
            f"the network adds {added:.3f}" if added > 0 else f"the network has {first.auroc:.3f}"
        )
        return (
            f"{words}; {adds}, which does not differ significantly.{_against_pca(ranked, setting)}"
        )
    if added > 0:
        return f"{words}; the network adds {added:.3f}.{_against_pca(ranked, setting)}"
    return (
        f"{words}, more than any score of the network ({first.auroc:.3f}): it is not needed here."
    )


def _against_pca(ranked: Mapping[str, Ranked], setting: Setting) -> str:
    """Whether the reconstruction error needs a network."""
    error, pca = ranked.get("mse"), ranked.get("pca")
    if error is None or pca is None or max(error.auroc, pca.auroc) < USEFUL:
        return ""
    if error.auroc > pca.auroc and _differ(error, pca, setting):
        return ""
    return (
        f" Its reconstruction error is no better than that of PCA ({error.auroc:.3f} and "
        f"{pca.auroc:.3f})."
    )


def _of_error_and_codes(ranked: Mapping[str, Ranked], setting: Setting) -> str:
    """Which of the two tells more, if one does."""
    error = ranked["mse"]
    code = max((ranked[name] for name in OF_CODES if name in ranked), key=lambda one: one.auroc)
    if max(error.auroc, code.auroc) < USEFUL or not _differ(error, code, setting):
        return ""
    numbers = f"({_title(code)} {code.auroc:.3f}, reconstruction error {error.auroc:.3f})"
    if error.auroc > code.auroc:
        return f"The reconstruction error is better than scores of the code {numbers}."
    why = (
        f": with D' = {setting.latent_dim:,} numbers in its code the model reconstructs these "
        "outliers about as well as normal images"
    )
    return f"Scores of the code are better than the error {numbers}{why * (error.auroc < WEAK)}."


def _differ(one: Ranked, other: Ranked, setting: Setting) -> bool:
    """Whether two AUROC differ by more than chance.

    Taken as independent, which those of the same images are not: so this claims rather too little.
    """
    margins = (auroc_margin(x.auroc, setting.n_outliers, setting.n_usual) for x in (one, other))
    return abs(one.auroc - other.auroc) > math.hypot(*margins)


def _title(one: Ranked) -> str:
    return BY_NAME[one.name].title
