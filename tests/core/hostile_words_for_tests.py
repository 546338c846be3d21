"""Words that a stranger may write where a name is expected, to break out of whatever holds them."""

HOSTILE_WORDS = (
    '"""', "'''", '"', "'", '"""\nimport os; os.abort()\n"""', "'''\nimport os\n'''", "\\", '\\"',
    "\\\n", "\\N{BULLET}", "\\x22", "{x}", "{{", "}}", "{0!r}", "%s", "%(x)s", "$x", "$(touch x)",
    "`touch x`", "; rm -rf ~", "&& true", "| cat", "> /tmp/x", "!x", "~", "*", "\n", "\r", "\r\n",
    "\nimport os", "\rimport os", "\fimport os", "\vimport os", "\x1cimport os", "\x85import os",
    "\u2028import os", "\u2029import os", "\0", "\0import os", "\x1a", "\x1b[2J", "\x07", "\t",
    "\u202eimport os\u202c", "\u2066x\u2069", "\u200f", "\ufeff", "\u200b", "coding: utf-7",
    "-*- coding: rot13 -*-", "# vim: set fileencoding=utf-7 :", "type: ignore", "fmt: off", "noqa",
    "<script>alert(1)</script>", "<img src=x onerror=alert(1)>", "</td></table>", "<!--", "]]>",
    "&lt;", "javascript:x", "![x](http://x/y.png)", "[x](http://x)", ":red[x]", ":material/home:",
    "$$x$$", "# x", "- x", "> x", "    x", "=1+1", "+1", "-1", "@x", "\t=1+1", "\uff1d1", ",", ";",
    "\ud800", "\udcff", "\U0001f469\u200d\U0001f52c", "e\u0301", "x" * 300, "", " ", "None", "0",
)  # fmt: skip
