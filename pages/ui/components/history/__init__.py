"""The browser's Back button goes from page to page, whatever was changed on them."""

from pages.ui.components.component import component


def one_entry_a_page() -> None:
    """Make the browser's Back button go from page to page, without steps for changed widgets."""
    _component(key="history")


_component = component("history", isolate_styles=False)
