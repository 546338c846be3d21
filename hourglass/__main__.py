"""The command `hourglass`, and `python -m hourglass`: all commands of `python -m core`."""

import sys

from core.__main__ import run

if __name__ == "__main__":
    sys.exit(run())
