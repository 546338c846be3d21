"""What this program takes for granted of Streamlit: what fails here breaks when it is upgraded."""

import ast
import inspect
import json
import re
from pathlib import Path
from urllib.request import urlopen

import streamlit as st
from streamlit import runtime
from streamlit.testing.v1 import AppTest

from core.config import PROJECT
from pages.ui.server import halfway, serve, shell
from pages.ui.server.hosts import OnlyOurs

SOURCES = [PROJECT / "app.py", *sorted((PROJECT / "pages").rglob("*.py"))]
PUBLIC = {
    "streamlit",
    "streamlit.delta_generator.DeltaGenerator",  # the type of what st.container() gives
    "streamlit.runtime",  # whether there is a server, and whether a session's browser is there
    "streamlit.runtime.scriptrunner.get_script_run_ctx",  # as Streamlit's pages on threads have it
    "streamlit.web.cli",  # the program `streamlit`, which pages/ui/server/__main__.py runs
}
OPTIONS = (
    *("server.allowedHosts", "server.port", "server.headless", "server.baseUrlPath"),
    *("server.sslCertFile", "browser.serverAddress", "theme.light.primaryColor"),
)


def imported(tree: ast.AST) -> set[str]:
    """All of Streamlit that a file imports, by its full name."""
    nodes = list(ast.walk(tree))
    names = {a.name for node in nodes if isinstance(node, ast.Import) for a in node.names}
    names |= {
        f"{node.module}.{a.name}"
        for node in nodes
        if isinstance(node, ast.ImportFrom)
        for a in node.names
    }
    return {name for name in names if name.partition(".")[0] == "streamlit"}


def private(tree: ast.AST) -> set[str]:
    """What a file reaches in Streamlit that is not for it, or puts in the place of something."""
    of_streamlit = [
        node
        for node in ast.walk(tree)
        if isinstance(node, ast.Attribute) and ast.unparse(node).startswith(("st.", "streamlit."))
    ]
    stored = {ast.unparse(node) for node in of_streamlit if isinstance(node.ctx, ast.Store)}
    hidden = {ast.unparse(node) for node in of_streamlit if re.match("_(?!_)", node.attr)}
    return stored | hidden | (imported(tree) - PUBLIC)


def test_only_what_is_public_of_streamlit_is_used_and_none_of_it_is_replaced() -> None:
    found = {str(path): private(ast.parse(path.read_text("utf-8"))) for path in SOURCES}
    assert {path: names for path, names in found.items() if names} == {}


def test_app_is_found_as_an_st_app_by_streamlit_run(server: str, log: Path) -> None:
    """If not, `streamlit run` serves the script bare: any host, Streamlit's own index.html."""
    with urlopen(server, timeout=60) as response:
        assert b"hourglass-shell" in response.read()
    assert f"URL: {server}" in log.read_text()


def test_server_tells_nothing_of_how_it_starts(server: str, log: Path) -> None:
    said = log.read_text()
    assert [word for word in ("INFO", "Traceback", "ScriptRunContext") if word in said] == []


def test_script_is_run_under_the_name_by_which_app_py_knows_it() -> None:
    app = AppTest.from_string("import streamlit as st\nst.write(__name__)").run()
    assert app.markdown[0].value == "__main__"


def test_settings_asked_for_are_there() -> None:
    for name in OPTIONS:
        st.get_option(name)


def test_surroundings_reach_every_request_before_streamlit_does() -> None:
    st.App(str(PROJECT / "app.py"), middleware=serve.MIDDLEWARE, lifespan=serve.lifespan)
    found = [middleware.cls for middleware in serve.MIDDLEWARE]
    assert found == [halfway.Asking, OnlyOurs, serve.OurIndex]


def test_server_tells_which_sessions_a_browser_shows() -> None:
    """Else what nobody waits for would be computed to its end."""
    assert list(inspect.signature(runtime.Runtime.is_active_session).parameters)[1:] == [
        "session_id"
    ]


def test_pages_in_tests_have_no_server_of_their_own() -> None:
    """So everything is computed in place there (cache.computed)."""
    script = (
        "import streamlit as st\nfrom streamlit import runtime\n"
        "st.write(type(runtime.get_instance()) is runtime.Runtime)"
    )
    assert AppTest.from_string(script).run().markdown[0].value == "`False`"


def test_frontend_looks_for_its_server_where_index_html_says() -> None:
    """Else each page's link begins with two 404s in the console of the browser."""
    scripts = (shell.STREAMLIT / "static/js").glob("index.*.js")
    code = "".join(script.read_text("utf-8") for script in scripts)
    assert re.search(r"window\.__streamlit\b", code)
    assert "BACKEND_BASE_URL" in code


def test_index_html_has_the_places_where_ours_goes_in() -> None:
    plain = (shell.STREAMLIT / "index.html").read_text("utf-8")
    for place in (shell.CHARSET, "</head>", "<body>", '<div id="root"></div>'):
        assert plain.count(place) == 1, place
    assert shell.STYLES.search(plain)


def test_theme_and_sidebar_are_remembered_by_the_browser_under_these_names() -> None:
    scripts = (shell.STREAMLIT / "static/js").glob("*.js")
    code = "".join(script.read_text("utf-8") for script in scripts)
    assert [name for name in ("stActiveTheme", "sidebarWidth") if name not in code] == []


def test_code_of_the_first_page_is_found_under_the_names_that_streamlit_gives_it() -> None:
    found = shell.index("", None)
    assert [part for part in shell.PARTS if f"./static/js/{part}." not in found] == []


def test_values_for_the_browser_are_json() -> None:
    found = re.search(r"\.cover\((\{.*\})\);", shell.index("latent", None))
    assert found is not None
    assert json.loads(found.group(1))["page"] == "latent"
