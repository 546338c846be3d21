"""How the code of pages reads: what is called by position, and what modules are called."""

import ast
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path

from core.config import PROJECT

MOST = 4  # values of a record that can be told apart by their places
RECORDS = ("NamedTuple", "Struct")


def trees(*folders: str) -> Iterator[tuple[str, ast.Module]]:
    """Each module as it is imported, and its code."""
    for folder in folders:
        for path in sorted((PROJECT / folder).rglob("*.py")):
            yield name_of(path), ast.parse(path.read_text("utf-8"))


def name_of(path: Path) -> str:
    parts = path.relative_to(PROJECT).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def is_record(node: ast.AST) -> bool:
    if not isinstance(node, ast.ClassDef):
        return False
    decorators = map(ast.unparse, node.decorator_list)
    bases = map(ast.unparse, node.bases)
    return any("dataclass" in one for one in decorators) or any(
        one.endswith(RECORDS) for one in bases
    )


def test_records_of_many_values_are_made_by_their_names() -> None:
    records = {
        node.name
        for _, tree in trees("core", "pages")
        for node in ast.walk(tree)
        if isinstance(node, ast.ClassDef) and is_record(node)
    }
    too_many = []
    for module, tree in trees("pages"):
        for node in ast.walk(tree):
            if isinstance(node, ast.Call):
                name = ast.unparse(node.func).rpartition(".")[2]
                count = sum(MOST if isinstance(one, ast.Starred) else 1 for one in node.args)
                if name in records and count > MOST:
                    too_many.append(f"{module}:{node.lineno} {name}")
    assert too_many == []


def test_module_has_one_name_wherever_pages_import_it() -> None:
    modules = {name for name, _ in trees("core", "pages")}
    names: dict[str, set[str]] = defaultdict(set)
    for _, tree in trees("pages"):
        for node in ast.walk(tree):
            if isinstance(node, ast.ImportFrom):
                for alias in node.names:
                    names[f"{node.module}.{alias.name}"].add(alias.asname or alias.name)
    twins = {module: called for module, called in names.items() if len(called) > 1}
    assert {module: called for module, called in twins.items() if module in modules} == {}
