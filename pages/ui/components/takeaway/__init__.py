"""One HTML file that carries a model, or two, and computes without a server.

Its content comes from core/export/standalone.py. Its policy allows its own script, by digest, the
WebAssembly and the worker that this makes, and nothing else; what an outsider wrote is data.
"""

import base64
import hashlib
import html
import json
from pathlib import Path
from string import Template

from pages.ui.components import bundle
from pages.ui.figures.theme import PALETTE

HERE = Path(__file__).parent
ENTRY = HERE / "takeaway.js"
RUNNER = HERE.parent / "runner/runner.js"
PAD = HERE.parent / "drawpad"
PAGE = Template("""<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="$policy">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="referrer" content="no-referrer">
<title>$title</title>
<style>$style</style>
</head>
<body>
$body
<script type="application/octet-stream" class="content">$content</script>
<script>$script</script>
</body>
</html>
""")


def page(content: bytes, title: str) -> bytes:
    """The file.  content: as core.export.standalone.content() gives it.  title: of the tab."""
    style = (PAD / "drawpad.css").read_text("utf-8") + (HERE / "takeaway.css").read_text("utf-8")
    script = _script()
    text = PAGE.substitute(
        policy=_policy(script, style),
        title=html.escape(f"Hourglass: {title}"),
        style=style,
        body=body_html(),
        content=packed(content),
        script=script,
    )
    return text.encode()


def body_html() -> str:
    """The markup of the views, the pad in its place."""
    body = (HERE / "takeaway.html").read_text("utf-8")
    return body.replace("<!-- drawpad.html -->", (PAD / "drawpad.html").read_text("utf-8"))


def packed(content: bytes) -> str:
    """The content in base 85, with "," for "<" so that nothing in it can end its element."""
    return base64.b85encode(content).replace(b"<", b",").decode()


def _script() -> str:
    """All that the page runs, once: the worker is given the same text as a function."""
    modules = bundle.modules(ENTRY)
    colours = json.dumps(PALETTE)
    return (
        f"function hourglass() {{\n{modules}return {{ start: {bundle.exports(ENTRY)}.start, "
        f"serve: {bundle.exports(RUNNER)}.serve }};\n}}\n"
        f"hourglass().start(`(${{hourglass}})().serve(self);`, {colours});\n"
    )


def _policy(script: str, style: str) -> str:
    digests = [base64.b64encode(hashlib.sha256(t.encode()).digest()) for t in (script, style)]
    of_script, of_style = (f"'sha256-{digest.decode()}'" for digest in digests)
    return "; ".join(
        (
            "default-src 'none'",
            f"script-src {of_script} 'wasm-unsafe-eval'",
            f"style-src {of_style}",
            "worker-src blob:",
            "base-uri 'none'",
            "form-action 'none'",
        )
    )
