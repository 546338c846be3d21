"""Planted defects that a network in training has to find, drawn by other code than training's.

They decide when a network that repairs has learned enough, and are what one sees of it meanwhile.
"""

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor, nn

from core.checkpoints.document import EpochRecord
from core.data.named import planting
from core.images.imagesets import ImageSet
from core.models.network import Network
from core.training.descent import floats

KINDS = ("cracked", "stained", "pasted", "covered")  # of core.data.named.planting
USUAL, OF_A_KIND = 24, 12  # images: as they are, and of each kind
SHOWN = 8
WINDOW = 32  # share of the side over which the map of repairs is averaged
PATIENCE = 0.2  # share of all epochs without an improvement, in the second half, that is enough
LEAST_GAIN = 0.002  # of AUROC, that counts as an improvement


class Planted:
    """Usual images, and others of the same set that were spoiled; the same for the same images."""

    def __init__(self, images: ImageSet, device: torch.device) -> None:
        usual = planting.usual(images)
        usual = usual if len(usual) else images
        rows = np.random.default_rng(0).permutation(len(usual))
        spoiled = [
            planting.by_corruption(usual.take(np.sort(some)), kind, 1.0, i).images.images
            for i, kind in enumerate(KINDS)
            if len(some := rows[USUAL + OF_A_KIND * i :][:OF_A_KIND]) or len(some := rows)
        ]
        self.n_usual = min(USUAL, len(usual))
        every = np.concatenate([usual.take(np.sort(rows[:USUAL])).images, *spoiled])
        self.x = torch.from_numpy(every).to(device)
        each = [self.n_usual + sum(map(len, spoiled[:i])) for i in range(len(spoiled))]
        shown = [first + i for i in range(SHOWN // len(KINDS)) for first in each]
        self._shown = torch.tensor([i for i in shown if i < len(self.x)][:SHOWN]).to(device)

    def found(self, network: Network) -> float:
        """AUROC, 0 to 1, of the largest value of the smoothed map of repairs."""
        largest = torch.cat([_largest(network, floats(part)) for part in torch.split(self.x, 16)])
        usual, spoiled = largest[: self.n_usual, None], largest[None, self.n_usual :]
        higher = (spoiled > usual).float() + 0.5 * (spoiled == usual).float()
        return float(higher.mean())

    def strip(self, network: Network) -> npt.NDArray[np.uint8]:
        """Some spoiled images and what the network makes of them: (2, m, C, H, W)."""
        x = self.x[self._shown]
        network.eval()
        with torch.inference_mode():
            x_hat = network(floats(x)).clamp(0, 1).mul(255).round().to(torch.uint8)
        return np.stack([x.cpu().numpy(), x_hat.contiguous().cpu().numpy()])


def is_settled(history: tuple[EpochRecord, ...], epochs: int) -> bool:
    """Whether planted defects have long been found no better: then training may end.

    epochs: of the whole schedule, whose second half lowers the learning rate; before that nothing
    is said.
    """
    found = [record.found or 0.0 for record in history]
    patience = max(5, round(PATIENCE * epochs))
    if len(found) < epochs / 2 + patience:
        return False
    return max(found[-patience:]) < max(found[:-patience]) + LEAST_GAIN


def _largest(network: Network, x: Tensor) -> Tensor:
    network.eval()
    size = max(1, min(x.shape[2:]) // WINDOW) // 2 * 2 + 1
    with torch.inference_mode():
        found = network.locate(network.encode(x))
        return nn.functional.avg_pool2d(found, size, 1, size // 2).amax(dim=(1, 2, 3))
