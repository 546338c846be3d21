"""AdamW on a one-cycle schedule, held against PyTorch's own."""

import copy

import pytest
import torch
from torch import nn
from torch.optim.lr_scheduler import OneCycleLR

from core.training.config import WEIGHT_DECAY
from core.training.descent import WARM_UP, AdamW, OneCycle


@pytest.mark.parametrize("steps", [1, 2, 3, 4, 6, 9, 10, 11, 25, 100, 1000])
def test_schedule_is_that_of_torch_bit_by_bit(steps: int) -> None:
    weight = nn.Parameter(torch.zeros(1))
    theirs = torch.optim.AdamW([weight], lr=0.1)
    schedule = OneCycleLR(theirs, 0.1, total_steps=steps, pct_start=WARM_UP)
    ours = OneCycle(0.1, steps)
    for done in range(steps):
        group = theirs.param_groups[0]
        assert ours.at(done) == (group["lr"], group["betas"][0])
        theirs.step()
        if done < steps - 1:
            schedule.step()


def test_rise_of_no_length_divides_by_nothing() -> None:
    assert [OneCycle(1.0, 5).at(done)[0] > 0 for done in range(5)] == [True] * 5


def network() -> nn.Module:
    torch.manual_seed(0)
    whole = nn.Sequential(nn.Conv2d(3, 8, 3), nn.BatchNorm2d(8), nn.ReLU(), nn.Conv2d(8, 3, 3))
    return whole.to(memory_format=torch.channels_last)


def test_steps_are_those_of_torch_bit_by_bit() -> None:
    mine, twin = (copy.deepcopy(network()) for _ in range(2))
    ours = AdamW(mine.parameters(), OneCycle(0.01, 40))
    theirs = torch.optim.AdamW(twin.parameters(), lr=0.01, weight_decay=WEIGHT_DECAY, fused=True)
    schedule = OneCycleLR(theirs, 0.01, total_steps=40, pct_start=WARM_UP)
    for seed in range(40):
        x = torch.randn(4, 3, 9, 9, generator=torch.Generator().manual_seed(seed))
        for net in (mine, twin):
            net(x).square().mean().backward()
        ours.step()
        theirs.step()
        theirs.zero_grad()
        if seed < 39:
            schedule.step()
    assert ours.done == 40
    for own, other in zip(mine.parameters(), twin.parameters(), strict=True):
        assert own.grad is None
        torch.testing.assert_close(own, other, rtol=0, atol=0)


def test_network_with_an_exploded_gradient_is_not_silently_mended() -> None:
    weight = nn.Parameter(torch.ones(2))
    optimizer = AdamW([weight], OneCycle(0.1, 3))
    weight.grad = torch.tensor([float("inf"), 1.0])
    optimizer.step()
    assert torch.isnan(weight).tolist() == [True, False]
