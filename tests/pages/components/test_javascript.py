"""The components' JavaScript: its own unit tests, and how its modules reach a page."""

import re
import subprocess
from pathlib import Path

import pytest

from core.config import PROJECT
from pages.ui.components import bundle
from pages.ui.components.component import FOLDER

UNIT_TESTS = sorted(Path(__file__).parent.glob("*.test.js"))
MODULES = sorted(FOLDER.rglob("*.js")) + sorted((FOLDER.parent / "server").glob("*.js"))
DRAWN = [path for path in MODULES if "export default" in path.read_text("utf-8")]


def name(path: Path) -> str:
    return path.name.split(".")[0]


@pytest.mark.parametrize("path", UNIT_TESTS, ids=name)
def test_unit_tests_in_javascript_pass(path: Path, node: str) -> None:
    done = subprocess.run([node, "--test", path], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    assert re.search(r"pass [1-9]", done.stdout)


def test_every_unit_test_in_javascript_is_run() -> None:
    everywhere = set((PROJECT / "tests").rglob("*.test.js"))
    assert everywhere == set(UNIT_TESTS) != set()


@pytest.mark.parametrize("path", DRAWN, ids=name)
def test_component_is_one_script_of_all_its_modules(path: Path, node: str, tmp_path: Path) -> None:
    text = bundle.module(path)
    for other in bundle.needed(path):
        assert text.count(f"{bundle.exports(other)} = ") == 1
    script = tmp_path / "bundle.mjs"
    script.write_text(text + '\nif (typeof modules !== "object") throw new Error();\n', "utf-8")
    subprocess.run([node, script], check=True)


def test_every_module_belongs_to_a_component_or_to_the_first_page() -> None:
    entries = [
        *DRAWN,
        FOLDER / "runner" / "runner.js",
        FOLDER / "takeaway" / "takeaway.js",
        FOLDER / "live" / "live.js",
    ]
    entries += [FOLDER.parent / "server" / name for name in ("shell.js", "shell_landing.js")]
    used = {path for entry in entries for path in bundle.needed(entry)}
    assert used == set(MODULES)


def test_modules_keep_names_of_their_own(
    node: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(bundle, "ROOT", tmp_path)
    (tmp_path / "one.js").write_text(
        "// Says one.\nconst word = 1;\n\n/** Gives it. */\nexport const one = () => word;\n",
        "utf-8",
    )
    (tmp_path / "two.js").write_text(
        'import { one } from "./one.js";\n\nconst word = 2;\n'
        "export default function both() {\n  return [one(), word].join();\n}\n",
        "utf-8",
    )
    text = bundle.module(tmp_path / "two.js")
    assert "Says one." not in text
    assert "Gives it." not in text
    (tmp_path / "bundle.mjs").write_text(text, "utf-8")
    script = f'import both from "{tmp_path}/bundle.mjs"; process.stdout.write(both());'
    command = [node, "--input-type=module", "--eval", script]
    assert subprocess.run(command, capture_output=True, text=True, check=True).stdout == "1,2"


@pytest.mark.parametrize(
    "statement", ["export * from './other.js';", "import other from './other.js';", "import 'x';"]
)
def test_import_or_export_that_is_not_understood_is_refused(
    statement: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(bundle, "ROOT", tmp_path)
    path = tmp_path / "strange.js"
    path.write_text(f"{statement}\nexport default function mount() {{}}\n", "utf-8")
    with pytest.raises(ValueError, match=r"strange\.js: cannot bundle"):
        bundle.module(path)
