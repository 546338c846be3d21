"""Imports run downward: app -> pages -> pages/ui -> core, and in both from floor to floor."""

import ast
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

PROJECT = Path(__file__).resolve().parents[1]


TABLES = re.compile(r"^\| (\d+) \| `([\w/]+)` \|", re.MULTILINE)  # floor, folder
FLOORS = {
    folder.replace("/", "."): int(floor)
    for floor, folder in TABLES.findall((PROJECT / "docs/architecture.md").read_text("utf-8"))
}
ROOMS = {f"pages.ui.{room}" for room in ("latent", "learn", "outliers", "own", "robust", "train")}
SHARED_BY_PAGES = {
    ("pages.ui.learn", "pages.ui.robust"): "a step shows the very chart that the page shows",
    ("pages.ui.own", "pages.ui.latent"): "own images are placed on the map of that page",
}
DOORS = {("core.__main__", "core.cli")}  # what starts a floor above its own


def folder_of(name: str) -> str:
    """The folder, as a package, that a module or a name in it belongs to."""
    while not (PROJECT / name.replace(".", "/")).is_dir():
        name = name.rpartition(".")[0]
    return name


def python_files(folder: str) -> list[Path]:
    return sorted((PROJECT / folder).rglob("*.py"))


def imported(path: Path) -> Iterator[str]:
    """The full names of all modules that a file imports, inside functions too."""
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path} imports relatively"
            yield node.module or ""
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def loaded_by(statement: str) -> set[str]:
    """The top-level packages that are loaded after a statement in a fresh interpreter."""
    code = f"{statement}; import sys; print(*{{name.split('.')[0] for name in sys.modules}})"
    result = subprocess.run(
        [sys.executable, "-c", code], cwd=PROJECT, capture_output=True, text=True, check=False
    )
    assert result.returncode == 0, result.stderr
    return set(result.stdout.split())


def module_name(path: Path) -> str:
    parts = path.relative_to(PROJECT).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def test_core_imported_as_a_whole_loads_neither_streamlit_nor_plotly() -> None:
    names = ", ".join(module_name(path) for path in python_files("core"))
    assert not {"streamlit", "plotly"} & loaded_by(f"import {names}")


def test_inference_imported_loads_nothing_that_costs_seconds() -> None:
    assert not {"torch", "torchvision", "sklearn", "skimage"} & loaded_by("import core.inference")


def test_command_line_imported_loads_nothing_that_costs_time() -> None:
    slow = {"torch", "torchvision", "sklearn", "skimage", "scipy", "pandas", "pyarrow"}
    assert not slow & loaded_by("import core.cli.main")


@pytest.mark.parametrize("path", python_files("core"), ids=module_name)
def test_core_module_imports_nothing_from_above_core(path: Path) -> None:
    for name in imported(path):
        package = name.split(".")[0]
        assert package not in ("pages", "app", "streamlit", "plotly", "tests", "benchmarks"), name


@pytest.mark.parametrize("path", python_files("core") + python_files("pages"), ids=module_name)
def test_module_imports_from_its_folder_and_lower_floors_only(path: Path) -> None:
    module = module_name(path)
    own = folder_of(module)
    assert own in FLOORS, f"docs/architecture.md gives {own} no floor"
    used = {folder_of(name) for name in imported(path) if name.split(".")[0] == own.split(".")[0]}
    for other in used - {own} - {entered for door, entered in DOORS if door == module}:
        assert FLOORS[other] < FLOORS[own], f"{module} imports from {other}"
        assert not {own, other} <= ROOMS or (own, other) in SHARED_BY_PAGES, other


def test_every_floor_is_that_of_a_folder() -> None:
    files = python_files("core") + python_files("pages")
    assert FLOORS.keys() == {folder_of(module_name(path)) for path in files}


def test_no_exception_is_left_that_nothing_needs() -> None:
    needed = {
        (folder_of(module_name(path)), folder_of(name))
        for path in python_files("pages/ui")
        for name in imported(path)
        if name.startswith("pages.ui.")
    }
    assert SHARED_BY_PAGES.keys() <= needed


@pytest.mark.parametrize("top", ["core", "pages"])
def test_modules_have_no_circle_of_imports(top: str) -> None:
    below: dict[str, set[str]] = {}
    for path in python_files(top):
        own = module_name(path)
        targets = {name for name in imported(path) if name.startswith(f"{top}.")}
        below[own] = {name for name in targets if not f"{own}.".startswith(f"{name}.")}
    while below:
        free = {name for name, targets in below.items() if not targets & (below.keys() - {name})}
        assert free, f"these import each other: {sorted(below)}"
        below = {name: targets for name, targets in below.items() if name not in free}


@pytest.mark.parametrize(
    "path", [p for p in python_files("pages") if p.parent.name == "pages"], ids=module_name
)
def test_page_imports_no_other_page(path: Path) -> None:
    pages = {f"pages.{other.stem}" for other in path.parent.glob("*.py") if other != path}
    assert not pages & set(imported(path))


@pytest.mark.parametrize("path", python_files("pages/ui"), ids=module_name)
def test_what_pages_share_imports_no_page(path: Path) -> None:
    allowed = ("pages.ui", "core")
    ours = [name for name in imported(path) if name.split(".")[0] in ("app", "pages", "core")]
    assert all(name == "pages" or name.startswith(allowed) for name in ours), ours
