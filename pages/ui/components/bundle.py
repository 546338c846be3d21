"""JavaScript modules, which import each other by path, as one script.

No user of them in a page can import modules by their address: a component of Streamlit gets its
JavaScript as text (files are served for installed packages only), a worker gets it from a Blob, the
first page holds it itself, and a saved page has no files beside it.
"""

import os
import re
from functools import cache
from pathlib import Path

ROOT = Path(__file__).parents[1]  # modules are named by their path from here
IMPORT = re.compile(r'^import \{([^}]*)\} from "(\.[\w./-]+)";\n', re.MULTILINE)
EXPORT = re.compile(
    r"^export (?P<default>default )?(?=(?:async )?(?:const|function|class) (?P<name>\w+))",
    re.MULTILINE,
)
LEFT_OVER = re.compile(r"^\s*(?:import|export)\b.*", re.MULTILINE)
COMMENT = re.compile(r"^[ \t]*(?:/\*\*(?:(?!\*/).)*\*/[ \t]*|//[^\n]*)\n", re.MULTILINE | re.DOTALL)


@cache
def module(entry: Path) -> str:
    """One ES module whose default export is that of the module `entry`."""
    return f"{modules(entry)}export default {exports(entry)}.default;\n"


def call(entry: Path, function: str, argument: str = "") -> str:
    """Statements that call an exported function of `entry`, and define no name outside of them.

    argument: a JavaScript expression.
    """
    return f"{{\n{modules(entry)}{exports(entry)}.{function}({argument});\n}}\n"


@cache
def modules(entry: Path) -> str:
    """Statements that define `modules`: for `entry` and all that it imports, what it exports.

    Comments that have lines of their own are left out.  Raises ValueError for an import or export
    in a form that is not understood here.
    """
    wrapped = "\n".join(_wrapped(path) for path in needed(entry))
    return f"const modules = {{}};\n{wrapped}\n"


def exports(path: Path) -> str:
    """The expression for what a module exports, after modules()."""
    return f'modules["{path.relative_to(ROOT).as_posix()}"]'


def needed(path: Path, before: tuple[Path, ...] = ()) -> tuple[Path, ...]:
    """The module and all that it imports, each after those that it needs."""
    if path in before:
        return before
    for _, other in IMPORT.findall(path.read_text("utf-8")):
        before = needed(_beside(path, other), before)
    return (*before, path)


def _wrapped(path: Path) -> str:
    """A module as an object of its exports, with a scope of its own."""
    text = COMMENT.sub("", path.read_text("utf-8"))
    names = [f"default: {name}" if default else name for default, name in EXPORT.findall(text)]
    body = EXPORT.sub("", IMPORT.sub(lambda found: _imported(path, *found.groups()), text))
    if strange := LEFT_OVER.search(body):
        raise ValueError(f"{path.name}: cannot bundle {strange.group().strip()!r}")
    return f"{exports(path)} = (() => {{\n{body}return {{ {', '.join(names)} }};\n}})();"


def _imported(path: Path, names: str, other: str) -> str:
    return f"const {{{names}}} = {exports(_beside(path, other))};\n"


def _beside(path: Path, other: str) -> Path:
    return Path(os.path.normpath(path.parent / other))
