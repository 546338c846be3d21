"""What stands around every page: the sidebar, errors, dialogs, downloads, ways on."""
