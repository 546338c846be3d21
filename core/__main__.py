"""`python -m core`: see core.cli.main."""

import os
import sys

if __name__ == "__main__":
    try:
        from core.cli.main import main

        status = main()
        if "core.training.distributed" in sys.modules and "TORCHELASTIC_RUN_ID" in os.environ:
            sys.modules["core.training.distributed"].end(status)
        sys.exit(status)
    except ModuleNotFoundError as error:
        sys.stderr.write(f"Error: {error.name} is not installed: use the Python in .venv.\n")
        sys.exit(2)
    except KeyboardInterrupt:  # while still importing
        sys.exit(130)
