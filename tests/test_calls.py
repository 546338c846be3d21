"""Values that have names are called with them."""

import ast
from collections.abc import Iterator
from pathlib import Path

PROJECT = Path(__file__).resolve().parents[1]
MOST_POSITIONAL = 4
BASES = {"Struct", "NamedTuple", "TypedDict"}


def trees() -> Iterator[tuple[str, ast.Module]]:
    for path in sorted((PROJECT / "core").rglob("*.py")):
        yield path.relative_to(PROJECT).as_posix(), ast.parse(path.read_text("utf-8"))


def is_record(node: ast.ClassDef, records: set[str]) -> bool:
    """Whether a class is a dataclass or a struct, or made from one."""
    decorators = {ast.unparse(one).partition("(")[0] for one in node.decorator_list}
    bases = {ast.unparse(base).rpartition(".")[2] for base in node.bases}
    return "dataclass" in decorators or bool(bases & (BASES | records))


def records() -> dict[str, int]:
    """The classes in core that are rows of named values, and how many each has."""
    classes = [n for _, tree in trees() for n in ast.walk(tree) if isinstance(n, ast.ClassDef)]
    found: dict[str, int] = {}
    for _ in range(3):  # from base to base
        known = {node for node in classes if is_record(node, set(found))}
        found |= {n.name: sum(isinstance(one, ast.AnnAssign) for one in n.body) for n in known}
    return found


def crowded(tree: ast.AST, known: dict[str, int]) -> Iterator[ast.Call]:
    """Calls of records with more than MOST_POSITIONAL values that have no name."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Call):
            called = ast.unparse(node.func).rpartition(".")[2]
            starred = any(isinstance(one, ast.Starred) for one in node.args)
            if called not in known:
                continue
            if len(node.args) > MOST_POSITIONAL or (starred and known[called] > MOST_POSITIONAL):
                yield node


def test_no_dataclass_is_called_with_five_or_more_positional_arguments() -> None:
    known = records()
    found = [
        f"{path}:{call.lineno} {ast.unparse(call.func)}"
        for path, tree in trees()
        for call in crowded(tree, known)
    ]
    assert found == []


def test_calls_are_found_by_the_check() -> None:
    tree = ast.parse(
        "Card(1, 2, 3, 4, 5)\na.Card(*row)\nCard(1, 2, 3, 4, five=5)\nother(1, 2, 3, 4, 5)"
    )
    assert [node.lineno for node in crowded(tree, {"Card": 7})] == [1, 2]
