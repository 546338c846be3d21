"""Estimates of a training's time and memory, measured in subprocesses, shared by all visitors."""

import json
import subprocess
import threading
import time
from dataclasses import dataclass, field

import streamlit as st

from core.config import PROJECT
from core.runs import RunConfig, estimate
from core.runs.estimate import Estimate

UNASKED = 5.0  # seconds after which a measurement that no page asks for ends
MEASURING = "measuring_time"  # session key: whether draw_time() refreshes itself
A_MOMENT = "**less than a second**"
SECONDS = 0.5  # between two queries whether the measurement has ended


@dataclass
class _Measurement:
    """A measurement that waits for its turn, runs, or has ended.

    asked: when a page last asked for it, by time.monotonic().  result: None until it ends.
    process: None while it waits.
    """

    command: list[str]
    asked: float
    result: Estimate | str | None = None
    process: "subprocess.Popen[str] | None" = None
    is_given_up: bool = False


@dataclass
class Probes:
    """All measurements of this server, one at a time. Safe for use by many threads.

    Each is a process with PyTorch: several at once would disturb each other, and take memory.
    """

    _by_key: dict[str, _Measurement] = field(default_factory=dict)
    _lock: threading.Lock = field(default_factory=threading.Lock)
    _turn: threading.Lock = field(default_factory=threading.Lock)

    def known(self, config: RunConfig) -> Estimate | str | None:
        """The estimate, or the reason why it failed; None if not started or not ended."""
        found = self._by_key.get(_key(config))
        return found.result if found else None

    def is_measuring(self, config: RunConfig) -> bool:
        """Whether a measurement is under way; the call keeps it alive."""
        found = self._by_key.get(_key(config))
        if found is None or found.result is not None:
            return False
        found.asked = time.monotonic()
        return True

    def ask(self, config: RunConfig) -> None:
        """Start a measurement, unless it is under way or has ended."""
        with self._lock:
            self._end_unasked()
            if _key(config) not in self._by_key:
                self._by_key[_key(config)] = self._started(config)

    def _started(self, config: RunConfig) -> _Measurement:
        command = [*estimate.command(config.train, config.threads, config.data_root), "--json"]
        one = _Measurement(command, time.monotonic())
        threading.Thread(target=self._measure, args=(one,), daemon=True).start()
        return one

    def _measure(self, one: _Measurement) -> None:
        with self._turn:
            with self._lock:
                if one.is_given_up:
                    return
                one.process = _process(one.command)
            out, err = one.process.communicate()
        one.result = _result(out, err)

    def _end_unasked(self) -> None:
        for key, one in list(self._by_key.items()):
            if one.result is None and time.monotonic() - one.asked > UNASKED:
                one.is_given_up = True
                if one.process is not None:
                    one.process.kill()
                del self._by_key[key]


@st.cache_resource(show_spinner=False)
def probes() -> Probes:
    """The measurements of time and memory, shared by all visitors."""
    return Probes()


def _process(command: list[str]) -> "subprocess.Popen[str]":
    pipe, nothing = subprocess.PIPE, subprocess.DEVNULL
    return subprocess.Popen(
        command, cwd=PROJECT, stdin=nothing, stdout=pipe, stderr=pipe, text=True
    )


def _result(out: str, err: str) -> Estimate | str:
    try:
        return Estimate(**json.loads(out))
    except (ValueError, TypeError):
        lines = err.strip().splitlines()
        return lines[-1].removeprefix("Error: ") if lines else "It could not be measured."


def _key(config: RunConfig) -> str:
    return "\0".join(estimate.command(config.train, config.threads, config.data_root))


def draw_time(config: RunConfig) -> None:
    """Draw how long a training will take, measured now; it refreshes itself until that is known."""
    probes().ask(config)
    st.session_state[MEASURING] = probes().is_measuring(config)
    every = SECONDS if st.session_state[MEASURING] else None
    st.fragment(_draw_time, run_every=every)(config)


def _draw_time(config: RunConfig) -> None:
    known = probes().known(config)
    if known is not None and st.session_state.pop(MEASURING, False):
        st.rerun(scope="app")  # so that the fragment refreshes itself no more
    if isinstance(known, Estimate):
        took = f"about **{duration(known.seconds)}**" if known.seconds >= 1 else A_MOMENT
        st.caption(f"Takes {took} on this machine.")
    elif probes().is_measuring(config):
        st.caption(":material/timer: Measuring how long that takes ...")


def duration(seconds: float) -> str:
    """Seconds in words: less than 0.1 s, 8.2 s, 40 s, 2 min, 1.5 h."""
    if seconds < 0.1:
        return "less than 0.1 s"
    if seconds < 90:
        return f"{seconds:.1f} s" if seconds < 10 else f"{seconds:.0f} s"
    return f"{seconds / 60:.0f} min" if seconds < 5400 else f"{seconds / 3600:.1f} h"
