"""What pip builds: the folders of the checkout, put below one package called hourglass.

In a checkout the code is `core` and `pages`, names that must not stand in anybody's site-packages.
So the wheel holds hourglass/core, hourglass/pages, hourglass/app.py, ..., and in the copy that pip
builds, `from core.x import y` reads `from hourglass.core.x import y`. Lines keep their numbers.
"""

import ast
import re
import shutil
from pathlib import Path

from setuptools import setup
from setuptools.command.build_py import build_py

ROOT = Path(__file__).resolve().parent
CODE = ("core", "pages")
MOVED = ("app.py", ".streamlit/config.toml", "checkpoints/*.safetensors")
TRAINING = ("torch", "torchvision")  # all else is enough for looking and scoring
LIKED_TO_THE_LETTER = ("streamlit",)  # what stands around its server relies on more than its API


class BuildPy(build_py):  # type: ignore[misc]
    """Builds hourglass, then puts what it needs below it."""

    def run(self) -> None:
        target = Path(self.build_lib) / "hourglass"
        if not self.editable_mode:  # else files that are gone would come along
            shutil.rmtree(target, ignore_errors=True)
        super().run()
        if self.editable_mode:  # then the checkout's folder is on the path
            return
        for path in sources():
            place = target / path.relative_to(ROOT)
            place.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(path, place)
        for place in target.rglob("*.py"):
            place.write_text(below_hourglass(place.read_text("utf-8")), "utf-8")

    def get_source_files(self) -> list[str]:
        """For the source distribution, from which the same wheel can be built."""
        more = [ROOT / "requirements.txt", ROOT / "hourglass" / "py.typed", *sources()]
        return [*super().get_source_files(), *(str(path.relative_to(ROOT)) for path in more)]


def sources() -> list[Path]:
    """The files that go below hourglass."""
    found = [path for folder in CODE for path in (ROOT / folder).rglob("*") if path.is_file()]
    found += [path for pattern in MOVED for path in ROOT.glob(pattern)]
    return sorted(path for path in found if "__pycache__" not in path.parts)


def below_hourglass(code: str) -> str:
    """Python code whose imports of core and pages read hourglass.core and hourglass.pages."""
    lines = code.splitlines(keepends=True)
    for node in ast.walk(ast.parse(code)):
        if not isinstance(node, ast.Import | ast.ImportFrom):
            continue
        names = [alias.name for alias in node.names]
        if isinstance(node, ast.ImportFrom):
            names = [node.module or ""]
        if any(name.split(".")[0] in CODE for name in names):
            i = node.lineno - 1
            lines[i] = re.sub(r"\b(from|import) (?=(core|pages)\b)", r"\1 hourglass.", lines[i])
    return "".join(lines)


def wanted(names_training: bool) -> list[str]:
    """The lines of requirements.txt for training, or the others, as ranges that let others choose.

    A checkout has exact versions; who installs a library may have newer ones that are compatible.
    """
    lines = (ROOT / "requirements.txt").read_text("utf-8").splitlines()
    found = []
    for line in lines:
        name, pinned, version = line.partition("==")
        if line and not line.startswith("#") and (name in TRAINING) is names_training:
            exact = name in LIKED_TO_THE_LETTER or not pinned
            found.append(line if exact else f"{name}~={'.'.join(version.split('.')[:2])}")
    return found


setup(
    package_dir={"": "."},
    packages=["hourglass"],
    package_data={"hourglass": ["py.typed"]},
    cmdclass={"build_py": BuildPy},
    install_requires=wanted(names_training=False),
    extras_require={"train": wanted(names_training=True)},
)
