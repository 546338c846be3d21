"""Loads what the pages need before the first visit.

Streamlit collects garbage after every run of a script. Traversing all imported objects takes 40 to
80 ms of processor time each; frozen objects are not traversed.
"""

import gc
import importlib
import pkgutil

from core import checkpoints
from core.config import PREFIX
from pages.ui.server import shell

FIRST_PAGE = (
    "pages.ui.cache",
    "pages.ui.session.router",
    "pages.ui.frame.sidebar",
    "pages.ui.noise.inspector",
    "pages.ui.noise.controls",
    "pages.ui.noise.picture",
    "scipy.ndimage",  # for SSIM; like the next two otherwise imported on first use
    "onnxruntime",
    "core.models.onnx_export",
)
OTHER_PAGES = (
    "PIL.WebPImagePlugin",
    "plotly.graph_objs.bar",
    "plotly.graph_objs.scatter",
    "plotly.graph_objs.scattergl",
    "plotly.io",
    "pyarrow.pandas_compat",
    "scipy.spatial",
)


def first_page() -> None:
    """Import the modules of the Reconstruct page and read the list of models."""
    for name in FIRST_PAGE:
        ours = name.startswith(("core.", "pages."))
        importlib.import_module(f"{PREFIX}{name}" if ours else name)
    checkpoints.available()
    gc.freeze()


def landing() -> shell.Landing | None:
    """The slider and texts of the first page; None if no model fits."""
    from pages.ui import progress
    from pages.ui.components import sweep
    from pages.ui.noise import panel
    from pages.ui.server import landing, welcome  # their imports take a second

    with progress.here():
        packed = landing.packed()
    if packed is None:
        return None
    links = tuple(label for _, label, *_ in (*welcome.WAYS, welcome.ODD))
    message = sweep.message(packed, panel.DEFAULT, moves=True)
    name = f"hourglass/{packed.header['id']}.sweep"
    return shell.Landing(
        name=name, message=message, welcome=welcome.WHAT, links=links, purpose=landing.PURPOSE
    )


def other_pages() -> None:
    """Import the modules of all other pages, also those imported on first use."""
    ui = importlib.import_module(f"{PREFIX}pages.ui")
    for module in pkgutil.walk_packages(ui.__path__, f"{ui.__name__}."):
        importlib.import_module(module.name)
    for name in OTHER_PAGES:
        importlib.import_module(name)
    gc.collect()
    gc.freeze()
