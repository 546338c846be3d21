"""Charts, mosaics, colours and texts that pages and reports draw."""
