"""How near models come to the same images, and how fast they are."""

from collections.abc import Sequence

from core.checkpoints import Card
from core.computing.tasks import task
from core.images.imagesets import ImageSet
from core.noise import Noise
from core.robustness import measure_tasks
from core.robustness.curves import Scored
from pages.ui import cache


def scored(images: ImageSet, cards: Sequence[Card], noise: Noise, seed: int) -> list[Scored]:
    """One for each model.  images: as core.robustness.curves.spread takes them from a split."""
    ref, n = cache.split_ref(images.id, images.split), len(images)
    tasks = [
        task(
            measure_tasks.score,
            ref,
            n,
            noise,
            seed,
            card.sha256,
            title=f"Measuring {card.name}",
            models=[card],
        )
        for card in cards
    ]
    return [Scored(*found["values"].tolist()) for found in cache.all_computed(tasks)]
