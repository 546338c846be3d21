"""Which tests are slow, as they were measured: `make quick` leaves them out.

`pytest --junitxml FILE` writes what each test took; `python -m tests.slowness FILE` keeps in
slow.txt the names of the functions that took longer than QUICK seconds, set-up included.
"""

import sys
import xml.etree.ElementTree as ET
from pathlib import Path

QUICK = 0.4  # seconds
FILE = Path(__file__).with_name("slow.txt")


def known() -> frozenset[str]:
    """The slow functions, as "tests/core/test_x.py::test_y"."""
    return frozenset(FILE.read_text("utf-8").split())


def measured(junit: Path) -> list[str]:
    """The functions of a report, one of whose cases took longer than QUICK."""
    cases = ET.parse(junit).iter("testcase")
    slow = {
        f"{case.attrib['classname'].replace('.', '/')}.py::{case.attrib['name'].partition('[')[0]}"
        for case in cases
        if float(case.attrib["time"]) > QUICK
    }
    return sorted(slow)


if __name__ == "__main__":
    FILE.write_text("\n".join(measured(Path(sys.argv[1]))) + "\n", "utf-8")
