"""The data sets that have a name: embedded, drawn, and public ones that can be downloaded."""
