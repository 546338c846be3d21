"""`app`: start the dashboard on a free port and open it in a browser."""

import os
import socket
import subprocess
import sys
from collections.abc import Mapping

import click

from core.cli import options
from core.config import PROJECT, OptionError, python

HOST = "127.0.0.1"
PORTS_TRIED = 100


@click.command(cls=options.Command, short_help="Start the dashboard and open it in the browser.")
@click.option(
    "--port",
    type=click.IntRange(1, 65535),
    default=8501,
    show_default=True,
    help="The first port to try; if it is in use, the next free one is taken.",
)
@click.option("--no-browser", is_flag=True, help="Print the address only.")
def app(port: int, no_browser: bool) -> None:
    """Start the dashboard and open it in the browser; Ctrl-C ends it."""
    free = free_port(port)
    if free != port:
        click.echo(f"Port {port} is in use, so Hourglass takes {free}.")
    headless = no_browser or not can_open_browser(sys.platform, os.environ)
    if headless:
        click.echo(
            f"Open http://{HOST}:{free} in a browser on this machine. Ctrl-C ends Hourglass."
        )
    sys.stdout.flush()
    become(dashboard_command(free, headless))


def free_port(first: int) -> int:
    """`first`, or the next free port above it.  Raises OptionError if there is none."""
    ports = range(first, min(first + PORTS_TRIED, 65536))
    for port in ports:
        if is_free(port):
            return port
    raise OptionError(
        f"Ports {ports[0]} to {ports[-1]} are all in use: choose another with --port."
    )


def is_free(port: int) -> bool:
    """Whether no program uses this port of this machine, and this process may listen on it."""
    with socket.socket() as probe:
        probe.settimeout(1)
        if probe.connect_ex((HOST, port)) == 0:  # some systems let two programs bind one port
            return False
    with socket.socket() as probe:
        if os.name == "posix":  # else a recently closed port counts as in use
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((HOST, port))
        except OSError:
            return False
    return True


def can_open_browser(platform: str, environment: Mapping[str, str]) -> bool:
    """Whether a browser would open where the user sees it: not over SSH or without a display."""
    if "SSH_CONNECTION" in environment:
        return False
    has_display = bool(environment.get("DISPLAY") or environment.get("WAYLAND_DISPLAY"))
    return platform in ("win32", "darwin") or has_display


def dashboard_command(port: int, headless: bool) -> list[str]:
    """The command that starts the server; its other settings are in .streamlit/config.toml."""
    settings = {
        "server.port": str(port),
        "server.headless": str(headless).lower(),
    }
    arguments = [part for name, value in settings.items() for part in (f"--{name}", value)]
    return python("pages.ui.server", "run", "app.py", *arguments)


def become(command: list[str]) -> None:
    """Run `command` in the project's folder in place of this process, signals included."""
    os.chdir(PROJECT)
    if os.name == "posix":
        os.execv(command[0], command)
    sys.exit(subprocess.run(command, check=False).returncode)
