"""`python -m core`: see core.cli.main."""

import sys

if __name__ == "__main__":
    try:
        from core.cli.main import main

        sys.exit(main())
    except KeyboardInterrupt:  # while still importing
        sys.exit(130)
