"""The content of a page on standard input, the page on standard output.  Argument: its title."""

import sys

from pages.ui.components.takeaway import page

if __name__ == "__main__":
    sys.stdout.buffer.write(page(sys.stdin.buffer.read(), sys.argv[1]))
