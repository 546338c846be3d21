"""What the pages need, loaded before it is asked for.

Streamlit collects garbage after every run of a script. Going through all that has been imported
takes 40 to 80 ms of a processor each time; what is frozen is not gone through.
"""

import gc
import importlib
import pkgutil

import pages.ui
from core import checkpoints
from pages.ui.server import shell

FIRST_PAGE = (
    "pages.ui.cache",
    "pages.ui.session.router",
    "pages.ui.frame.sidebar",
    "pages.ui.noise.inspector",
    "pages.ui.noise.controls",
    "pages.ui.noise.picture",
    "scipy.ndimage",  # SSIM; like the next two it is imported only when it is used
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
    """Import what the Reconstruct page uses and read what models there are."""
    for name in FIRST_PAGE:
        importlib.import_module(name)
    checkpoints.available()
    gc.freeze()


def landing() -> shell.Landing | None:
    """What moves on the page that opens first, and what is said there; None if no model fits."""
    from pages.ui import progress
    from pages.ui.components import sweep
    from pages.ui.server import landing, welcome  # they import what takes a second

    with progress.here():
        packed = landing.packed()
    if packed is None:
        return None
    links = tuple(label for _, label, *_ in welcome.WAYS)
    message = sweep.message(packed, landing.SIGMA, moves=True)
    name = f"hourglass/{packed.header['id']}.sweep"
    return shell.Landing(name, message, welcome.WHAT, links, landing.PURPOSE)


def other_pages() -> None:
    """Import what all the others use, and when they use it."""
    for module in pkgutil.walk_packages(pages.ui.__path__, "pages.ui."):
        importlib.import_module(module.name)
    for name in OTHER_PAGES:
        importlib.import_module(name)
    gc.collect()
    gc.freeze()
