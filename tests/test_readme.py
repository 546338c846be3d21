"""Someone who knows only the README adds an architecture and a data set, in a copy of the house."""

import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

PROJECT = Path(__file__).resolve().parents[1]
COPIED = ("app.py", "pages", "core", "tests", "pyproject.toml", ".streamlit", "checkpoints")
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
"""


def recipe(about: str) -> tuple[Path, str, Path, str, str]:
    """What the README says of "An architecture" or "A data set".

    The new file and its text, the file to be changed, the line to be added, the tuple it ends.
    """
    text = (PROJECT / "README.md").read_text("utf-8")
    part = text[text.index(f"{about} ") :]
    new_file, changed, registry = re.findall(r"`(core/[\w/]+\.py|[A-Z]{4,})`", part)[:3]
    source, line = re.findall(r"```python\n(.*?)   ```", part, re.DOTALL)[:2]
    dedented = "".join(row.removeprefix("   ") for row in source.splitlines(keepends=True))
    return Path(new_file), dedented, Path(changed), line.removeprefix("   "), registry


def follow(project: Path, about: str) -> None:
    """Do steps 1 and 2 of a recipe."""
    new_file, source, changed, line, registry = recipe(about)
    assert not (project / new_file).exists()
    (project / new_file).write_text(source, "utf-8")
    text = (project / changed).read_text("utf-8")
    package = ".".join(new_file.parent.parts)
    imports = rf"(from {package} import [^\n]+)"  # "the import of the others"
    text, n_imports = re.subn(imports, rf"\1, {new_file.stem}", text, count=1)
    text, n_ends = re.subn(
        rf"(\n{registry}: (?:.|\n)*?)(\n\)\n)", rf"\1\n{line.rstrip()}\2", text, count=1
    )
    assert (n_imports, n_ends) == (1, 1)
    (project / changed).write_text(text, "utf-8")


def ran(project: Path, *args: str) -> str:
    """What a Python process in the project's folder prints."""
    own = {"HOURGLASS_HOME": str(project), "HOURGLASS_CHECKPOINTS": str(project / "own")}
    result = subprocess.run(
        [sys.executable, *args],
        cwd=project, env=os.environ | own, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert result.returncode == 0, result.stderr + result.stdout
    return result.stdout


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy in which both recipes were followed; it ships no model but one."""
    copy = tmp_path_factory.mktemp("copy")
    large = shutil.ignore_patterns("__pycache__", "local", "*.safetensors")
    for name in COPIED:
        if (PROJECT / name).is_dir():
            shutil.copytree(PROJECT / name, copy / name, ignore=large)
        else:
            shutil.copy(PROJECT / name, copy / name)
    shutil.copy(PROJECT / "checkpoints" / "mnist-pca-2.safetensors", copy / "checkpoints")
    follow(copy, "An architecture")
    follow(copy, "A data set")
    return copy


def test_readme_recipes_give_what_the_command_line_lists_and_trains(project: Path) -> None:
    archs = json.loads(ran(project, "-m", "core", "archs", "--json"))["architectures"]
    sets = json.loads(ran(project, "-m", "core", "datasets", "--json"))["datasets"]
    assert "shallow" in {arch["name"] for arch in archs}
    assert "stripes" in {known["id"] for known in sets}
    last = (PROJECT / "README.md").read_text("utf-8").split("## Adding to it")[1]
    command = re.findall(r"`python (-m core train [^`]+--name striped)`", last)[0]
    ran(project, *command.split())
    judged = json.loads(ran(project, "-m", "core", "evaluate", "striped", "--json"))
    assert judged["dataset"] == "stripes"
    assert 0 < judged["mse"] < 1


def test_readme_recipe_gives_an_architecture_that_passes_all_tests_of_architectures(
    project: Path,
) -> None:
    args = ["-m", "pytest", "-q", "-p", "no:cacheprovider", "tests/core/models", "-k", "shallow"]
    found = re.search(r"(\d+) passed", ran(project, *args))
    assert found is not None
    assert int(found[1]) >= 10


def test_readme_recipes_give_what_the_train_page_offers(project: Path) -> None:
    shown = ran(project, "-c", SEEN_ON_THE_TRAIN_PAGE, str(project / "app.py"))
    assert "'Shallow'" in shown
    assert "'stripes'" in shown
