"""The state of a visitor's session, and the link that restores it."""
