"""Shared by all pages: sidebar, errors, dialogs, downloads, buttons to the next step."""

from pathlib import Path

FOLDER = Path(__file__).parent  # contains the styles of all pages and the logo
