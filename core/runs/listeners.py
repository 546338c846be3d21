"""Listeners of a training's events: TensorBoard's event files, and MLflow.

Event files are written by our own few lines, so that TensorBoard need not be installed where the
training runs. MLflow is imported when it is asked for.
"""

import contextlib
import struct
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import Any, Protocol, Self

import msgspec

from core import runs
from core.config import OptionError
from core.runs import Run
from core.training.events import EpochDone, Finished

METRICS = ("train_loss", "test_mse", "images_per_second", "seconds")


class Listener(Protocol):
    """Is told of each run: its beginning, the numbers of each epoch, the result, its end."""

    def begun(self, run: Run) -> None: ...

    def numbers(self, epoch: int, values: Mapping[str, float]) -> None: ...

    def ended(self, run: Run) -> None: ...


class Listeners:
    """Hands the events of a stream on to all listeners; a context, at whose end all are ended."""

    def __init__(self, listeners: Sequence[Listener]) -> None:
        self._listeners = listeners
        self._run: Run | None = None
        self._epoch = 0

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        _kind: type[BaseException] | None,
        _error: BaseException | None,
        _trace: TracebackType | None,
    ) -> None:
        if self._run is not None:
            with contextlib.suppress(OptionError):  # its settings were wrong, and it is deleted
                self._run = runs.read(self._run.folder)
            self._end(self._run)

    def hear(self, event: object) -> None:
        """One event of the stream; a run stands at its beginning and at its end."""
        if isinstance(event, Run) and event.is_live is False and self._run is not None:
            self._end(event)
        elif isinstance(event, Run):
            self.begin(event)
        elif isinstance(event, EpochDone):
            self._epoch = event.record.epoch
            found = msgspec.structs.asdict(event.record)
            self._tell({name: float(found[name]) for name in METRICS})
        elif isinstance(event, Finished):
            metrics = event.checkpoint.card.metrics
            self._tell({f"final/{name}": float(metrics[name]) for name in ("mse", "psnr", "ssim")})

    def begin(self, run: Run) -> None:
        """A run begins, or goes on."""
        self._run, self._epoch = run, 0
        for one in self._listeners:
            one.begun(run)

    def _tell(self, values: Mapping[str, float]) -> None:
        for one in self._listeners:
            one.numbers(self._epoch, values)

    def _end(self, run: Run) -> None:
        self._run = None
        for one in self._listeners:
            one.ended(run)


def settings_of_run(run: Run) -> dict[str, Any]:
    """The settings of a run, flat, by their names."""
    found: dict[str, Any] = msgspec.to_builtins(run.config.train)
    noise, options = found.pop("noise"), found.pop("options")
    names = {"kind": "noise_kind", "sigma": "noise_std", "mu": "noise_mean", "clip": "noise_clip"}
    return {**found, **options, **{names[name]: value for name, value in noise.items()}}


class EventFiles:
    """Scalars and settings in TensorBoard's event files, a folder for each run.

    Source: TFRecord and tensorflow/core/util/event.proto, as TensorBoard reads them.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._path: Path | None = None

    def begun(self, run: Run) -> None:
        place = self._folder / run.config.name
        place.mkdir(parents=True, exist_ok=True)
        now = time.time()
        self._path = place / f"events.out.tfevents.{now:.6f}.hourglass"
        self._write(_event(now, 0, _string(3, b"brain.Event:2")))
        words = "\n\n".join(f"**{name}**: {value}" for name, value in settings_of_run(run).items())
        self._write(_event(now, 0, _text_summary("settings", words)))

    def numbers(self, epoch: int, values: Mapping[str, float]) -> None:
        for name, value in values.items():
            self._write(_event(time.time(), epoch, _scalar_summary(name, value)))

    def ended(self, run: Run) -> None:
        """Nothing is left to write: each number was written at once."""

    def _write(self, content: bytes) -> None:
        """One record: length, its check, content, its check."""
        if self._path is None:
            return
        length = struct.pack("<Q", len(content))
        with open(self._path, "ab") as file:
            file.write(length + _masked(length) + content + _masked(content))


class Mlflow:
    """Each run as one of MLflow's, with its settings as parameters.

    where: a tracking address, or a folder.  Raises OptionError if MLflow is not installed.
    """

    def __init__(self, where: str) -> None:
        try:
            import mlflow  # type: ignore[import-not-found, unused-ignore]
        except ImportError as error:
            raise OptionError(
                "--mlflow needs the package mlflow, which is not installed: `pip install mlflow`."
            ) from error
        self._mlflow: Any = mlflow
        mlflow.set_tracking_uri(where)
        mlflow.set_experiment("hourglass")

    def begun(self, run: Run) -> None:
        self._mlflow.start_run(run_name=run.config.name)
        words = {name: str(value)[:500] for name, value in settings_of_run(run).items()}
        self._mlflow.log_params(words)
        self._mlflow.set_tag("run", run.id)

    def numbers(self, epoch: int, values: Mapping[str, float]) -> None:
        plain = {name.replace("/", "_"): value for name, value in values.items()}
        self._mlflow.log_metrics(plain, step=epoch)

    def ended(self, run: Run) -> None:
        with contextlib.suppress(KeyError):
            states = {"finished": "FINISHED", "failed": "FAILED", "diverged": "FAILED"}
            self._mlflow.end_run(states.get(run.state, "KILLED"))


# Protocol buffers by hand: a field is its number and kind, then a value; texts have their length.


def _varint(value: int) -> bytes:
    found = bytearray()
    while value > 0x7F:
        found.append(value & 0x7F | 0x80)
        value >>= 7
    return bytes([*found, value])


def _string(field: int, content: bytes) -> bytes:
    return _varint(field << 3 | 2) + _varint(len(content)) + content


def _event(seconds: float, step: int, rest: bytes) -> bytes:
    """wall_time = 1 (double), step = 2 (int64), then file_version = 3 or summary = 5."""
    return b"\x09" + struct.pack("<d", seconds) + b"\x10" + _varint(step) + rest


def _scalar_summary(name: str, value: float) -> bytes:
    """Summary = 5 of one value = 1: tag = 1, simple_value = 2 (float)."""
    return _string(5, _string(1, _string(1, name.encode()) + b"\x15" + struct.pack("<f", value)))


def _text_summary(name: str, words: str) -> bytes:
    """As TensorBoard's text plugin has it: metadata = 9 of the plugin, tensor = 8 of one text."""
    plugin = _string(9, _string(1, _string(1, b"text")))
    tensor = _string(
        8, b"\x08\x07" + _string(2, _string(2, b"\x08\x01")) + _string(8, words.encode())
    )
    return _string(5, _string(1, _string(1, name.encode()) + plugin + tensor))


def _table() -> tuple[int, ...]:
    """CRC-32C by bytes, the polynomial 0x1EDC6F41 reversed."""
    found = []
    for byte in range(256):
        value = byte
        for _ in range(8):
            value = value >> 1 ^ (0x82F63B78 if value & 1 else 0)
        found.append(value)
    return tuple(found)


_CRC = _table()


def crc32c(content: bytes) -> int:
    """The Castagnoli checksum.  Source: RFC 3720, appendix B.4."""
    value = 0xFFFFFFFF
    for byte in content:
        value = _CRC[(value ^ byte) & 0xFF] ^ value >> 8
    return value ^ 0xFFFFFFFF


def _masked(content: bytes) -> bytes:
    crc = crc32c(content)
    return struct.pack("<I", ((crc >> 15 | crc << 17) + 0xA282EAD8) & 0xFFFFFFFF)
