"""Common failure: the noise differs from the noise in training."""

from dataclasses import replace

from core.checkpoints import Card
from core.noise import Noise, same_sort
from core.robustness.curves import Study
from pages.ui.components.sweep.chart import Chart
from pages.ui.figures import theme
from pages.ui.learn import noise_figure, parts
from pages.ui.learn.parts import GoOn
from pages.ui.noise import controls
from pages.ui.session.registry import ROBUSTNESS

PAIRS = {"dense": "mnist-denoising", "convolutional": "mnist-conv-denoising"}
CLIPPED = {False: "not clipped", True: "clipped"}


def draw() -> None:
    """Draw the error of one network with clipped and with unclipped noise."""
    with parts.row_of_controls():
        name = PAIRS[
            parts.one_of("mismatch", "Network", list(PAIRS), "Both were trained with noise")
        ]
        clip = controls.clip_switch()
    card = parts.model(name)
    noise = Noise("gaussian", 0.0, card.noise.mu, clip)
    studies = {
        CLIPPED[way]: noise_figure.study((card,), replace(noise, clip=way)) for way in CLIPPED
    }
    parts.say(*words(card, studies, same_sort(noise, card.noise)))
    sigma = noise_figure.draw((card,), noise, _chart(studies, card), f"learn_mismatch_{name}")
    way = parts.on_digits(
        card,
        models=[card.name],
        **ROBUSTNESS.open("Curves"),
        **noise_figure.onwards(noise, sigma),
        **noise_figure.measured_there(),
    )
    parts.go_on(GoOn("Robustness: other models, this noise", "pages/robustness.py", way))


def words(card: Card, studies: dict[str, Study], same: bool) -> tuple[str, str]:
    """The error with either kind of noise at the sigma of training, in words."""
    sigma = card.noise.sigma
    own, other = CLIPPED[card.noise.clip], CLIPPED[not card.noise.clip]
    ours, theirs = (
        noise_figure.at(studies[name].models[0], studies[name], sigma) for name in (own, other)
    )
    worse = f"{theirs / ours:.1f} times {'worse' if theirs > ours else 'as large'}"
    return (
        (
            f"`{card.name}` was trained with noise of σ = {sigma:g}, {own} (clipped: noisy pixels "
            f"are limited to [0, 1]). **At that σ its error on {noise_figure.measured_on()} is "
            f"{ours:.4f}; with noise that is {other} it is {theirs:.4f}, {worse}.**"
        ),
        "The pictures below have the noise of the training."
        if same
        else "The pictures below have the other kind of noise. On a screen both look the same, "
        "because a screen clips too; the network gets different numbers.",
    )


def _chart(studies: dict[str, Study], card: Card) -> Chart:
    """The chart of the network's two curves."""
    charts = {name: noise_figure.chart(found, (card,)) for name, found in studies.items()}
    lines = tuple(
        replace(
            one.lines[0],
            name=f"noise {name}",
            colour=theme.style(i).colour,
            mark=card.noise.sigma if CLIPPED[card.noise.clip] == name else None,
            note=f"trained at σ {card.noise.sigma:g}" * (CLIPPED[card.noise.clip] == name),
        )
        for i, (name, one) in enumerate(charts.items())
    )
    first = next(iter(charts.values()))
    return replace(
        first, lines=lines, dots=(), label=f"Error of {card.name} against clipped and other noise"
    )
