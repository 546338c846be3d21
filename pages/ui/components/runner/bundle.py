"""The runner's JavaScript modules as one script.

None of its users can import modules by their address: a component of Streamlit gets its JavaScript
as text, a worker gets it from a Blob, and a saved page has no files beside it.
"""

import re
from functools import cache
from pathlib import Path

FOLDER = Path(__file__).parent
ENTRY = "runner.js"
PUBLIC = ("model.js", "network.js", "pixels.js", "runner.js")  # modules whose exports are returned
IMPORT = re.compile(r'^import (\{[^}]*\}) from "\./([\w.]+)";\n', re.MULTILINE)
EXPORT = re.compile(r"^export (?=(?:const|function|class) (\w+))", re.MULTILINE)


@cache
def script() -> str:
    """A classic script that defines one function, `hourglassRunner`.

    Called, it returns what the modules in PUBLIC export (Runner, Network, readModel, ...) and
    `source`, the script that a Runner gives to its worker: `new Runner(source)`. The script can be
    put into a <script> element: it contains no "</".
    """
    modules = "\n".join(_wrapped(name) for name in _in_order(ENTRY))
    public = ", ".join(f'...modules["{name}"]' for name in PUBLIC)
    return (
        "function hourglassRunner() {\nconst modules = {};\n"
        f"{modules}\n"
        "const source = `(${hourglassRunner})().serve(self);`;\n"
        f"return {{ {public}, source }};\n}}\n"
    )


def _in_order(name: str, before: tuple[str, ...] = ()) -> tuple[str, ...]:
    """The module and all that it imports, each after those that it needs."""
    if name in before:
        return before
    for _, other in IMPORT.findall(_text(name)):
        before = _in_order(other, before)
    return (*before, name)


def _wrapped(name: str) -> str:
    """A module as an object of its exports, with a scope of its own."""
    text = _text(name)
    exports = ", ".join(EXPORT.findall(text))
    body = EXPORT.sub("", IMPORT.sub(r'const \1 = modules["\2"];\n', text))
    return f'modules["{name}"] = (() => {{\n{body}return {{ {exports} }};\n}})();'


def _text(name: str) -> str:
    return (FOLDER / name).read_text("utf-8")
