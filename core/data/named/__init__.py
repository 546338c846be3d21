"""Named data sets: embedded, drawn, and public ones to download."""
