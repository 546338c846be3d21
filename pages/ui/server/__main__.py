"""`python -m pages.ui.server run app.py`: `streamlit run app.py` that exits with 0 on Ctrl-C."""

import sys

import click
from streamlit.web import cli

if __name__ == "__main__":
    sys.argv[0] = "streamlit"
    try:
        cli.main(standalone_mode=False)
    except click.ClickException as error:
        error.show()
        sys.exit(error.exit_code)
    except (click.Abort, KeyboardInterrupt):
        sys.exit(0)
