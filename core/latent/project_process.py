"""A projection in a process of its own: `python -m core.latent.project_process METHOD SEED FOLDER`.

So it does not slow down the dashboard and can be stopped at any time, and what PaCMAP compiles and
prints stays out of the server. The folder has codes.npy (n, k); the process writes progress.txt
("DONE TOTAL"), places.npy (n, 2) and seconds.txt (processor time). A user error is one line on
stderr and exit code 2.
"""

import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np

from core.config import PROJECT, HourglassError, OptionError, python
from core.files import write_atomically
from core.latent import durations
from core.latent.durations import Expected
from core.latent.geometry import Array
from core.latent.projections import Progress, project

ONE_THREAD = dict.fromkeys(
    ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "NUMBA_NUM_THREADS"), "1"
)  # reproducible results, and a core left for the dashboard
POLL_SECONDS = 0.2
UNITS = 1_000  # total of the reported progress
NICENESS = 5


def project_apart(z: Array, method: str, seed: int, progress: Progress) -> Array:
    """projections.project() in a process of its own, which always ends with this call.

    progress: called with (done, UNITS) several times a second, proportional to the expected time;
    an error that it raises ends the projection.  Raises OptionError with the reason if there is no
    result.
    """
    n, k = z.shape
    with tempfile.TemporaryDirectory(prefix="hourglass-") as name:
        folder = Path(name)
        np.save(folder / "codes.npy", np.ascontiguousarray(z, np.float32))
        with (folder / "errors.txt").open("wb") as errors:
            process = subprocess.Popen(
                python("core.latent.project_process", method, str(seed), name),
                cwd=PROJECT,
                env=os.environ | ONE_THREAD,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=errors,
            )
        try:
            expected = durations.expected(method, n, k)
            _follow(process, folder / "progress.txt", expected, progress)
        finally:
            process.kill()
            process.wait()
        if process.returncode:
            raise OptionError(_reason(folder, process.returncode))
        durations.note(method, n, k, float((folder / "seconds.txt").read_text()))
        return np.asarray(np.load(folder / "places.npy"))


def main(arguments: list[str]) -> int:
    """Entry point of the process, which runs with low priority; returns the exit code."""
    if sys.platform != "win32":
        os.nice(NICENESS)
    method, seed, name = arguments
    folder = Path(name)

    def tell(done: int, total: int) -> None:
        write_atomically(folder / "progress.txt", f"{done} {total}".encode())

    try:
        places = project(np.load(folder / "codes.npy"), method, int(seed), tell)
    except HourglassError as error:
        sys.stderr.write(f"{error}\n")
        return 2
    np.save(folder / "places.npy", places)
    (folder / "seconds.txt").write_text(f"{time.process_time():.3f}")
    return 0


def _follow(
    process: "subprocess.Popen[bytes]", file: Path, expected: Expected, progress: Progress
) -> None:
    done, steps, began = 0, 1, time.monotonic()
    while process.poll() is None:
        if file.exists():
            done, steps = map(int, file.read_text().split())
        progress(int(UNITS * expected.share(time.monotonic() - began, done, steps)), UNITS)
        time.sleep(POLL_SECONDS)


def _reason(folder: Path, code: int) -> str:
    said = (folder / "errors.txt").read_text("utf-8", "replace").strip().splitlines()
    if code == 2 and said:
        return said[-1]
    return f"The projection ended with code {code}, perhaps for lack of memory: show fewer points."


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
