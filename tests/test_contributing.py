"""Someone who knows only CONTRIBUTING.md adds one of everything, in a copy of the project."""

import os
import re
import shlex
import shutil
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

pytestmark = pytest.mark.slow
PROJECT = Path(__file__).resolve().parents[1]
COPIED = (
    "app.py", "setup.py", "hourglass", "pages", "core", "tests", "benchmarks", "docs",
    "pyproject.toml", ".streamlit",
    "checkpoints", ".mypy_cache", "README.md", "CHANGELOG.md", "CONTRIBUTING.md",
    "package.json", "tsconfig.json", "eslint.config.js",
)  # fmt: skip
SEEN_ON_THE_TRAIN_PAGE = """
import sys
from streamlit.testing.v1 import AppTest

app = AppTest.from_file(sys.argv[1], default_timeout=60)
app.query_params["dataset"] = "stripes"
app.run()
app.switch_page("pages/train.py").run()
assert not app.exception, app.exception
print([box.value for box in app.selectbox])
print([option for box in app.selectbox for option in box.options])
print([box.label for box in app.number_input])
"""


@dataclass(frozen=True)
class Change:
    """What a recipe does to a file.

    how: "new", "end", "before", "after" or "instead".  where: the line it goes by, or the tuple.
    """

    path: str
    how: str
    where: str
    text: str


@dataclass(frozen=True)
class Recipe:
    """A section of CONTRIBUTING.md: changes, and the command lines that try them."""

    title: str
    changes: tuple[Change, ...]
    tries: tuple[str, ...]


HOWS = {
    "new": r"New file {path}{where}",
    "end": r"[Ii]n {path}, at the end of {where}",
    "before": r"[Ii]n {path}, before {where}",
    "after": r"[Ii]n {path}, after {where}",
    "instead": r"[Ii]n {path}, instead of {where}",
}
PATH, WHERE = r"`(?P<path>[^`]+)`", r"(?P<fence>``?)(?P<where>.+)(?P=fence)"


def recipes() -> Iterator[Recipe]:
    """The sections that change something; each block of code must be a change or tried."""
    text = (PROJECT / "CONTRIBUTING.md").read_text("utf-8")
    for section in text.split("\n## ")[1:]:
        title, _, body = section.partition("\n")
        pieces = re.split(r"^```(\w*)\n(.*?)^```\n", body, flags=re.DOTALL | re.MULTILINE)
        changes: list[Change] = []
        tries: list[str] = []
        for prose, language, block in zip(pieces[::3], pieces[1::3], pieces[2::3], strict=False):
            if language:
                changes.append(change(prose.strip().splitlines()[-1], block))
            else:
                tries += block.splitlines()
        yield Recipe(title, tuple(changes), tuple(tries))


def change(said: str, block: str) -> Change:
    """The change that a line of prose announces."""
    for how, words in HOWS.items():
        pattern = words.format(path=PATH, where="(?P<where>)" if how == "new" else WHERE)
        if found := re.search(f"{pattern}:$", said):
            return Change(found["path"], how, found["where"], block)
    raise AssertionError(f"a block that nobody knows where to put: {said!r}")


def apply(project: Path, change: Change) -> None:
    """Make the change, which must have exactly one place to go to."""
    path = project / change.path
    if change.how == "new":
        assert not path.exists()
        path.parent.mkdir(exist_ok=True)
        path.write_text(change.text, "utf-8")
        return
    text = path.read_text("utf-8")
    if change.how == "end":
        ends = rf"(\n{change.where}: (?:.|\n)*?)(\n\)\n)"
        text, n = re.subn(ends, lambda m: f"{m[1]}\n{change.text.rstrip()}{m[2]}", text, count=1)
    else:
        n, text = by_line(text, change)
    assert n == 1, f"{change.path} has {n} lines {change.where!r}"
    path.write_text(text, "utf-8")


def by_line(text: str, change: Change) -> tuple[int, str]:
    """How many lines are the one that is named, and the text with the change made there."""
    lines = text.splitlines(keepends=True)
    at = [i for i, line in enumerate(lines) if line.strip() == change.where]
    for i in at:
        kept = {"before": change.text + lines[i], "after": lines[i] + change.text}
        lines[i] = kept.get(change.how, change.text)
    return len(at), "".join(lines)


RECIPES = tuple(recipes())


def ran(project: Path, *args: str) -> str:
    """What a Python process in the project's folder prints."""
    own = {"HOURGLASS_HOME": str(project), "HOURGLASS_CHECKPOINTS": str(project / "own")}
    result = subprocess.run(
        [sys.executable, *args],
        cwd=project, env=os.environ | own, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert result.returncode == 0, result.stdout + result.stderr
    return result.stdout


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy in which all recipes were followed; it ships no model but one."""
    copy = tmp_path_factory.mktemp("copy")
    large = shutil.ignore_patterns("__pycache__", "local", "*.safetensors", "*.webp", "*.png")
    for name in COPIED:
        if (PROJECT / name).is_dir():
            shutil.copytree(PROJECT / name, copy / name, ignore=large)
        elif (PROJECT / name).exists():
            shutil.copy2(PROJECT / name, copy / name)
    shutil.copy(PROJECT / "checkpoints" / "mnist-pca-2.safetensors", copy / "checkpoints")
    for recipe in RECIPES:
        for change in recipe.changes:
            apply(copy, change)
    names = ran(copy, "-m", "tests.pages.test_registry")  # as the introduction says
    (copy / "docs" / "links.md").write_text(names, "utf-8")
    return copy


def test_recipes_pass_format_lint_and_types(project: Path) -> None:
    ran(project, "-m", "ruff", "format", "--check", ".")
    ran(project, "-m", "ruff", "check", ".")
    ran(project, "-m", "mypy")


def test_recipes_pass_lint_and_types_of_javascript(project: Path, node: str) -> None:
    tools = PROJECT / "node_modules"
    if not tools.exists():
        pytest.skip("make installed-node installs what checks the JavaScript")
    (project / "node_modules").symlink_to(tools)
    for tool in (("eslint/bin/eslint.js", "."), ("typescript/bin/tsc",)):
        command = [node, f"node_modules/{tool[0]}", *tool[1:]]
        subprocess.run(command, cwd=project, check=True)


@pytest.mark.parametrize("recipe", RECIPES, ids=lambda recipe: recipe.title)
def test_recipe_gives_what_it_says(recipe: Recipe, project: Path) -> None:
    assert recipe.changes
    assert recipe.tries
    for line in recipe.tries:
        assert line.startswith("python -m ")
        told = ran(project, *shlex.split(line)[1:])
        if "pytest" in line:
            assert re.search(r"\d+ passed|no Node.js", told)


def test_recipes_give_what_the_train_page_offers(project: Path) -> None:
    shown = ran(project, "-c", SEEN_ON_THE_TRAIN_PAGE, str(project / "app.py"))
    for offered in ("'Shallow'", "'stripes'", "'uniform'", "'Largest gradient'"):
        assert offered in shown
