"""`python -m core`, or `hourglass`: see core.cli.main."""

import os
import sys

IS_CHECKOUT = __package__ == "core"  # else pip has put it below hourglass


def run() -> int:
    """Execute the command line and return its exit code.

    Under torchrun the other processes of the training are told how this one ended.
    """
    try:
        from core.cli.main import main

        status = main()
        distributed = sys.modules.get(f"{__package__}.training.distributed")
        if distributed is not None and "TORCHELASTIC_RUN_ID" in os.environ:
            distributed.end(status)
        return status
    except ModuleNotFoundError as error:
        way = "use the Python in .venv"
        if not IS_CHECKOUT:
            extra = "hourglass[train]" if error.name in ("torch", "torchvision") else "hourglass"
            way = f"pip install '{extra}' brings it"
        sys.stderr.write(f"Error: {error.name} is not installed: {way}.\n")
        return 2
    except KeyboardInterrupt:  # while still importing
        return 130


if __name__ == "__main__":
    sys.exit(run())
