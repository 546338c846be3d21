"""Charts, mosaics, colours and text in them: what pages and reports draw."""
