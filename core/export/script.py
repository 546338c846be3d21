"""A model and its training as one short script that needs no Hourglass.

Run on the same images with as many threads it ends in the very same weights.
"""

import inspect
import math
import re

from core.checkpoints import Card
from core.config import COMMAND, NAME_PATTERN
from core.export.torch_code import BOUND_CLASS, SKIP_CLASS, sequence, uses_bound, uses_skip
from core.models.repair import repair_loss
from core.noise import KINDS
from core.settings import TrainSettings, settings_of
from core.text import visible

TELL = "print"  # of the script; a test makes sure that core itself prints nothing


def script(card: Card) -> str:
    """The script, as text; PyTorch and NumPy run it (PCA: NumPy alone).

    What the checkpoint's author wrote stands in comments, a line each: in none of it can it run.
    """
    body = _closed_form(card) if card.architecture.closed_form else _by_gradient(card)
    return f"{HEAD}{_about(card)}{IMPORTS}{body}"


# The docstring comes first: a comment in the first two lines could change the file's encoding.
HEAD = '''\
"""A model and its training, in PyTorch or NumPy alone.

    python SCRIPT.py images.npy weights.npz

images.npy: the training images, uint8 (N, C, H, W).
"""

'''
IMPORTS = """
import sys

import numpy as np
"""


def _about(card: Card) -> str:
    """Comments that describe the model and how to obtain its training images."""
    name = card.name if NAME_PATTERN.fullmatch(card.name) else "MODEL"
    lines = (
        f"{card.title}, trained on {card.dataset_title!r}.",
        "Hourglass saves its training images with",
        f"    {COMMAND} export {name} --out images.npy",
    )
    return "".join(f"# {visible(line)}\n" for line in lines)


def _closed_form(card: Card) -> str:
    return f"""
images = np.load(sys.argv[1]).reshape(-1, {math.prod(card.input_shape)})
x = images.astype(np.float32) / 255
mean = x.mean(axis=0)
_, singular, components = np.linalg.svd(x - mean, full_matrices=False)
w = components[:{card.latent_dim}]  # (D', D): z = w @ (x - mean), x_hat = w.T @ z + mean
x_hat = (x - mean) @ w.T @ w + mean
{TELL}(f"mean squared error {{np.square(x - x_hat).mean():.5f}}")
np.savez(sys.argv[2], w=w, mean=mean)
"""


def _by_gradient(card: Card) -> str:
    parts = [*_network(card), _noise(card), _loss(card), _loop()]
    parts = [_settings(card, "".join(parts)), *parts]
    return "\n\n".join(part.strip("\n") for part in parts) + "\n"


def _settings(card: Card, rest: str) -> str:
    """Imports, and as constants the settings that the rest of the script names in capitals."""
    t = card.document.training
    values = t.settings()
    constants = "\n".join(
        f"{setting.name.upper()} = {values[setting.name]!r}  # {setting.explanation}"
        for setting in settings_of(TrainSettings)
        if re.search(rf"\b{setting.name.upper()}\b", rest)
    )
    return f"""
import torch
from torch import nn

{constants}
WEIGHT_DECAY = {t.weight_decay!r}  # of AdamW
torch.set_num_threads({t.threads})
"""


def _network(card: Card) -> list[str]:
    plan = card.plan
    code = [BOUND_CLASS] if uses_bound(plan) else []
    code += [SKIP_CLASS] if uses_skip(plan) else []
    locator = f"\nlocator = {sequence(plan.locator)}" if plan.locator else ""
    third = ', "locator": locator' if plan.locator else ""
    code.append(f'''

def seed_of(*parts):
    """One seed from several numbers."""
    return int(np.random.SeedSequence(parts).generate_state(1, np.uint64)[0] >> np.uint64(1))


torch.manual_seed(seed_of(SEED))
encoder = {sequence(plan.encoder)}
decoder = {sequence(plan.decoder)}{locator}
network = nn.ModuleDict({{"encoder": encoder, "decoder": decoder{third}}})
network.to(memory_format=torch.channels_last)
''')
    return code


def _noise(card: Card) -> str:
    if not card.noise:
        return ""
    noise, kind = card.noise, KINDS[card.noise.kind]
    function = kind.for_training
    source = inspect.getmodule(function) if kind.whole_module else function
    assert source is not None
    clipped = ".clamp(0, 1)" if noise.clip else ""
    return f'''

{inspect.getsource(source).strip()}


def noisy(x, generator):
    """Code for the input of the network; the target stays clean."""
    return {function.__name__}(x, {noise.sigma!r}, {noise.mu!r}, generator){clipped}
'''


def _loss(card: Card) -> str:
    x_in = "noisy(x, generator)" if card.noise else "x"
    if card.plan.locator:
        return f'''

{inspect.getsource(repair_loss).strip()}


def loss_of(x, generator):
    """How far a batch is from being repaired, and its defects from being found."""
    x_in = {x_in}
    z = encoder(x_in)
    return repair_loss(decoder(z), locator(z), x_in, x)
'''
    if not card.plan.variational:
        return f'''

def loss_of(x, generator):
    """The mean squared error of a batch."""
    return nn.functional.mse_loss(decoder(encoder({x_in})), x)
'''
    return f'''

def loss_of(x, generator):
    """The mean squared error of a batch, and the pull of its codes towards N(0, 1)."""
    x_in = {x_in}
    drawn = torch.empty(len(x), {card.latent_dim}).normal_(generator=generator)
    mu, logvar = encoder(x_in).chunk(2, dim=1)
    z = mu + drawn * torch.exp(0.5 * logvar)
    kl = 0.5 * (mu.square() + logvar.exp() - 1 - logvar).sum(dim=1).mean()
    return nn.functional.mse_loss(decoder(z), x) + {card.plan.beta!r} * kl / x[0].numel()
'''


def _loop() -> str:
    told = TELL + '(f"epoch {epoch}: loss {losses.item() / steps:.5f}")'
    return LOOP.replace("TOLD", told)


LOOP = """

images = torch.from_numpy(np.load(sys.argv[1]))
steps = len(images) // BATCH_SIZE + (len(images) % BATCH_SIZE > 1)
optimizer = torch.optim.AdamW(
    network.parameters(), lr=LEARNING_RATE, weight_decay=WEIGHT_DECAY, fused=True
)
total = steps * EPOCHS
schedule = torch.optim.lr_scheduler.OneCycleLR(
    optimizer, LEARNING_RATE, total_steps=total + (total == 5), pct_start=0.2
)
for epoch in range(1, EPOCHS + 1):
    order = torch.randperm(
        len(images), generator=torch.Generator().manual_seed(seed_of(SEED, epoch))
    )
    losses = torch.zeros(())
    for step in range(steps):
        generator = torch.Generator().manual_seed(seed_of(SEED, epoch, step))
        x = images[order[step * BATCH_SIZE : (step + 1) * BATCH_SIZE]].to(torch.float32).div_(255)
        loss = loss_of(x.contiguous(memory_format=torch.channels_last), generator)
        optimizer.zero_grad(set_to_none=True)
        loss.backward()
        optimizer.step()
        schedule.step()
        losses += loss.detach()
    TOLD
np.savez(sys.argv[2], **{
    name: (tensor.half() if HALF and tensor.ndim > 1 else tensor).numpy()
    for name, tensor in network.state_dict().items()
})
"""
