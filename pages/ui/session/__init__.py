"""What belongs to a visitor and the link: state, widgets, selection, rows."""
