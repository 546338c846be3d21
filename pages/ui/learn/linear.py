"""Step 2: a linear network trained by gradient descent finds the subspace of PCA."""

from dataclasses import dataclass

import numpy as np
import streamlit as st

from core import metrics
from core.checkpoints import Card
from core.computing.tasks import task
from core.latent import lesson_tasks
from core.text import counted
from pages.ui import cache
from pages.ui.components.component import Packed
from pages.ui.components.sweep import Cell, Frames, Row, Still, Sweep, packing
from pages.ui.components.sweep.chart import Chart, Line, numbers
from pages.ui.figures import styles, theme
from pages.ui.learn import charts, parts
from pages.ui.learn.parts import GoOn
from pages.ui.noise import controls

PCA, NETWORK = "mnist-pca-32", "mnist-linear-32"
N = 10
SAME = 5.0  # degrees; subspaces with smaller angles are called the same


@dataclass(frozen=True)
class Compared:
    """Two linear models of k numbers on all digits.

    angles, random: (k,) principal angles in degrees, of the two models and of two random subspaces.
    by_k: (k,) MSE of PCA with its first 1 to k components.  errors: MSE of PCA and of the network.
    apart: root mean square of the difference of their reconstructions.  own: smallest angle between
    two of the network's directions, in degrees.
    """

    angles: metrics.Scores
    random: metrics.Scores
    by_k: metrics.Scores
    errors: tuple[float, float]
    apart: float
    own: float


def draw() -> None:
    """Draw both models' reconstructions of the same images, and the angles of their subspaces."""
    pca, network = cards = parts.models((PCA, NETWORK))
    found = compared(pca, network)
    parts.say(*words(found, pca, network))
    with parts.row_of_controls():
        shuffle = controls.shuffle_button()
    parts.slider(
        parts.kept_for(cards, "linear rows", lambda: _packed(pca, network, shuffle), shuffle),
        "linear",
        float(pca.latent_dim),
        _chart(found, pca, network),
    )
    st.plotly_chart(
        charts.angles(found.angles, found.random),
        key="learn_angles",
        config={"displayModeBar": False},
    )
    st.caption(
        "Each model can only reconstruct images within a linear subspace. Principal angles measure "
        "how two subspaces differ: 0° = a direction in both, 90° = perpendicular to the other."
    )
    way = parts.on_digits(network, compare=[pca.name], sigma=0.0, shuffle=shuffle)
    parts.go_on(GoOn("Reconstruct: both under noise", "pages/reconstruct.py", way))


def compared(pca: Card, network: Card) -> Compared:
    """Both models compared on all digits."""
    ref, cards = cache.split_ref(parts.DATASET, parts.SPLIT), (pca, network)
    title, shas = "Comparing the two models", (pca.sha256, network.sha256)
    found = cache.computed(task(lesson_tasks.linear, ref, *shas, title=title, models=cards))
    ours, theirs = found["errors"].tolist()
    apart, own = float(found["apart"]), float(found["own"])
    return Compared(
        angles=found["angles"],
        random=found["random"],
        by_k=found["by_k"],
        errors=(ours, theirs),
        apart=apart,
        own=own,
    )


def words(found: Compared, pca: Card, network: Card) -> tuple[str, str]:
    """The comparison in two sentences."""
    most, least = found.angles[-1], found.random[0]
    verdict = (
        "the network has found the subspace of PCA"
        if most < SAME
        else "the network has not found the subspace of PCA yet"
    )
    return (
        (
            f"`{network.name}` is a network without hidden layers and nonlinearity, trained by "
            f"gradient descent for {counted(network.epochs, 'epoch')}; `{pca.name}` is PCA, "
            f"computed directly. **Their subspaces of {len(found.angles)} dimensions are at most "
            f"{most:.1f}° apart** (two random ones at least {least:.0f}°): {verdict}."
        ),
        (
            f"Their errors on {len(parts.digits()):,} test digits are {found.errors[1]:.5f} and "
            f"{found.errors[0]:.5f}, and their pixels differ by {found.apart:.4f} (root mean "
            "square). Only the axes within the subspace differ: two of the network's directions "
            f"are {found.own:.0f}° apart, while PCA's are all at right angles and sorted by the "
            "variance that they explain."
        ),
    )


def _chart(found: Compared, pca: Card, network: Card) -> Chart:
    k, drawn = range(1, len(found.by_k) + 1), styles.of_models([pca.name])[pca.name]
    return Chart(
        numbers(k),
        (
            Line("PCA, its first k components", numbers(found.by_k), drawn.colour, drawn.dash),
            Line(network.name, numbers([found.errors[1]] * len(k)), theme.REFERENCE, "dash"),
        ),
        x_title="k, number of PCA components used",
        y_title="MSE on the test digits",
        from_zero=True,
        height=parts.CHART,
        digits=5,
        label=f"Error of {pca.name} against the components used, beside {network.name}",
    )


def _packed(pca: Card, network: Card, shuffle: int) -> Packed:
    images = parts.some_digits(N, shuffle)
    x = images.pixels()
    z = cache.autoencoder(pca).encode(x)
    ks = np.arange(1, pca.latent_dim + 1)
    drawn = np.stack([lesson_tasks.first(cache.autoencoder(pca), z, int(k)) for k in ks])
    x_net = cache.autoencoder(network).reconstruct(x)
    mse = np.stack([metrics.mse(x, frame) for frame in drawn])
    of_net = np.tile(metrics.mse(x, x_net), (len(ks), 1))
    rows = (
        Row("Original", "original", Still(x), captions=True),
        Row("PCA, first k", "reconstructed", Frames(drawn), detail=pca.name, numbers=mse),
        Row("Linear network", "reconstructed", Still(x_net), detail=network.name, numbers=of_net),
    )
    cells = tuple(Cell(str(images.ids[i]), images.label_name(i)) for i in range(len(images)))
    return packing.pack(
        Sweep(
            "Components k",
            ks.astype(np.float64),
            cells,
            rows,
            prefix="k = ",
            digits=0,
            help="The number of PCA components used. Drag, or use the arrow keys.",
        )
    )
