"""Imports run downward: app -> pages -> pages/ui -> core, and inside core from floor to floor."""

import ast
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

PROJECT = Path(__file__).resolve().parents[1]


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


def test_core_modules_have_no_circle_of_imports() -> None:
    below: dict[str, set[str]] = {}
    for path in python_files("core"):
        own = module_name(path)
        targets = {name for name in imported(path) if name.startswith("core.")}
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
