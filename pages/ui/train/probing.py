"""Estimates of time and memory, measured in processes of their own, one for all visitors."""

import json
import math
import subprocess
import threading
import time
from dataclasses import dataclass, field

import streamlit as st

from core.config import PROJECT
from core.data import catalogue
from core.models import architecture
from core.runs import RunConfig, estimate
from core.runs.estimate import Estimate
from pages.ui.figures.text import sentence

UNASKED = 5.0  # seconds after which nobody waits for a measurement any more


@dataclass
class _Measurement:
    """asked: when somebody last wanted it, by time.monotonic().  result: once it is there."""

    process: "subprocess.Popen[str]"
    asked: float
    result: Estimate | str | None = None


@dataclass
class Probes:
    """All measurements of this server; safe to ask from several threads."""

    _by_key: dict[str, _Measurement] = field(default_factory=dict)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def known(self, config: RunConfig) -> Estimate | str | None:
        """The estimate, or why there is none; None if it was not asked for or is not there yet."""
        found = self._by_key.get(_key(config))
        return found.result if found else None

    def is_measuring(self, config: RunConfig) -> bool:
        """Whether somebody asked and it is not there yet; counts as asking again."""
        found = self._by_key.get(_key(config))
        if found is None or found.result is not None:
            return False
        found.asked = time.monotonic()
        return True

    def ask(self, config: RunConfig) -> None:
        """Begin to measure, unless it is known or under way."""
        with self._lock:
            self._end_unasked()
            if _key(config) not in self._by_key:
                self._by_key[_key(config)] = self._started(config)

    def _started(self, config: RunConfig) -> _Measurement:
        command = [*estimate.command(config.train, config.threads, config.data_root), "--json"]
        pipe, nothing = subprocess.PIPE, subprocess.DEVNULL
        process = subprocess.Popen(
            command, cwd=PROJECT, stdin=nothing, stdout=pipe, stderr=pipe, text=True
        )
        one = _Measurement(process, time.monotonic())
        threading.Thread(target=_wait, args=(one,), daemon=True).start()
        return one

    def _end_unasked(self) -> None:
        for key, one in list(self._by_key.items()):
            if one.result is None and time.monotonic() - one.asked > UNASKED:
                one.process.kill()
                del self._by_key[key]


@st.cache_resource(show_spinner=False)
def probes() -> Probes:
    """The measurements of time and memory, shared by all visitors."""
    return Probes()


def _wait(one: _Measurement) -> None:
    out, err = one.process.communicate()
    try:
        one.result = Estimate(**json.loads(out))
    except (ValueError, TypeError):
        lines = err.strip().splitlines()
        one.result = lines[-1].removeprefix("Error: ") if lines else "It could not be measured."


def _key(config: RunConfig) -> str:
    return "\0".join(estimate.command(config.train, config.threads, config.data_root))


# What a training will take, before it starts: parameters at once, time and memory when asked.

SECONDS = 0.5  # between two looks whether the measurement is there


def draw_facts(config: RunConfig) -> None:
    """The facts about a training, and a button to measure the rest."""
    infos = {info.id: info for info in catalogue.catalogue()}
    info, train = infos[config.train.dataset], config.train
    plan = architecture(train.arch).plan(info.input_shape, train.options)
    st.caption(
        f"**{plan.n_parameters():,}** parameters · {plan.latent_dim:,} numbers in the code for "
        f"{math.prod(plan.input_shape):,} in the image"
    )
    shared = probes()
    known, measuring = shared.known(config), shared.is_measuring(config)
    if isinstance(known, Estimate):
        st.caption(_words(known))
    elif measuring:
        st.fragment(_wait_for_facts, run_every=SECONDS)(config)
    else:
        if known:
            st.warning(sentence(known))
        st.button(
            "Estimate time and memory", icon=":material/timer:", on_click=shared.ask,
            args=(config,), width="stretch",
            help="Trains for a second in a process of its own and keeps nothing",
        )  # fmt: skip


def _wait_for_facts(config: RunConfig) -> None:
    st.caption(":material/timer: Training for a second to measure it ...")
    if not probes().is_measuring(config):
        st.rerun(scope="app")


def _words(estimate: Estimate) -> str:
    return (
        f"**{_duration(estimate.seconds)}** in all, {_duration(estimate.seconds_per_epoch)} an "
        f"epoch ({estimate.images_per_second:,.0f} images/s) · "
        f"**{estimate.memory / 2**20:,.0f} MB** of memory. Measured just now on this machine."
    )


def _duration(seconds: float) -> str:
    if seconds < 90:
        return f"{seconds:.1f} s" if seconds < 10 else f"{seconds:.0f} s"
    return f"{seconds / 60:.0f} min" if seconds < 5400 else f"{seconds / 3600:.1f} h"
