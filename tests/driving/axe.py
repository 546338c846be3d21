"""What axe-core finds wrong on a page, for those who see, hear or move differently.

WCAG 2.0 and 2.1, A and AA. axe looks into our components too, since their shadow roots are open.
"""

from dataclasses import dataclass
from typing import Any, NamedTuple

RULES = ("wcag2a", "wcag2aa", "wcag21a", "wcag21aa")
SCHEMES = ("light", "dark")
OPTIONS = {"runOnly": {"type": "tag", "values": RULES}, "resultTypes": ["violations"]}


class Exemption(NamedTuple):
    """What we cannot mend.  rule: axe's name of it.  part: of the element's HTML.  reason: why."""

    rule: str
    part: str
    reason: str


EXEMPT = (
    Exemption(
        "scrollable-region-focusable",
        'class="katex-display"',
        "Streamlit lets a formula scroll where it is wider than its column, and no keyboard can "
        "reach it; what it says is said in words beside it",
    ),
)


@dataclass(frozen=True)
class Violation:
    """One element that breaks one rule.  where: its selector.  html: its beginning."""

    rule: str
    where: str
    html: str
    message: str

    @property
    def exempted(self) -> bool:
        """Whether it is Streamlit's own and named in EXEMPT."""
        return any(one.rule == self.rule and one.part in self.html for one in EXEMPT)


def violations(page: Any) -> list[Violation]:
    """What axe finds on a page as it is now."""
    from axe_playwright_python.base import AXE_SCRIPT

    page.evaluate(AXE_SCRIPT)
    found = page.evaluate("(options) => axe.run(document, options)", OPTIONS)
    return [
        Violation(broken["id"], str(node["target"]), node["html"][:300], _message(node))
        for broken in found["violations"]
        for node in broken["nodes"]
    ]


def _message(node: dict[str, Any]) -> str:
    checks = [*node["any"], *node["all"], *node["none"]]
    return "; ".join(check["message"] for check in checks)
