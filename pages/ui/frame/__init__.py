"""What all pages have: sidebar, errors, dialogs, downloads, buttons to the next step."""
