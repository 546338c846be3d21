"""Models that run in the browser: JavaScript modules, and how they reach a page as one script."""

from functools import cache

from pages.ui.components import bundle
from pages.ui.components.component import FOLDER

ENTRY = FOLDER / "runner" / "runner.js"
PUBLIC = (  # modules whose exports are returned
    ENTRY,
    *(FOLDER / name for name in ("runner/model.js", "runner/network.js", "shared/pixels.js")),
)


@cache
def script() -> str:
    """A classic script that defines one function, `hourglassRunner`.

    Called, it returns what the modules in PUBLIC export (Runner, Network, readModel, ...) and
    `source`, the script that a Runner gives to its worker: `new Runner(source)`. The script can be
    put into a <script> element: it contains no "</".
    """
    public = ", ".join(f"...{bundle.exports(path)}" for path in PUBLIC)
    return (
        f"function hourglassRunner() {{\n{bundle.modules(ENTRY)}"
        "const source = `(${hourglassRunner})().serve(self);`;\n"
        f"return {{ {public}, source }};\n}}\n"
    )
