"""Refuse files that do not belong into the repository: large ones, executed notebooks, unresolved conflicts."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
MAX_BYTES = 1_000_000
_CONFLICT = re.compile(rb"^(<{7} |>{7} )", re.MULTILINE)


def faults(path: Path) -> list[str]:
    """Say what is wrong with a file."""
    raw = path.read_bytes()
    found = []
    if len(raw) > MAX_BYTES:
        found.append(f"{path}: {len(raw):,} bytes, at most {MAX_BYTES:,} are kept in git")
    if _CONFLICT.search(raw):
        found.append(f"{path}: the marks of an unresolved conflict")
    if path.suffix == ".ipynb":
        cells = [cell for cell in json.loads(raw)["cells"] if cell["cell_type"] == "code"]
        if any(cell["outputs"] or cell["execution_count"] is not None for cell in cells):
            found.append(f"{path}: clear the outputs; the tests execute the notebook anew")
    return found


def main(names: list[str]) -> int:
    """Check the named files, or all that git knows."""
    if not names:
        listed = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, text=True, check=True)
        names = [name for name in listed.stdout.split("\0") if name]
    found = [fault for name in names if (ROOT / name).is_file() for fault in faults(ROOT / name)]
    print("\n".join(found), end="\n" if found else "")
    return int(bool(found))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
