"""Make the pictures of README and docs anew: the browser stories take them, `make screenshots` runs this."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import ensure_tools

ROOT = Path(__file__).resolve().parent.parent
TAKEN = ROOT / ".build" / "e2e" / "pictures"
SHOWN = ROOT / "docs" / "images"
WANTED = {
    "comparison": "comparison",
    "comparison-dark": "comparison-dark",
    "trial": "trial-overview",
    "baseline": "comparison-baseline",
    "finding": "finding-completion",
    "lineage": "lineage",
    "rules": "rules",
    "tensors": "tensors",
    "flight-recorder": "flight-recorder",
}
"""What the documentation calls a picture, and what its story does."""
STORIES = ("live", "trial_page", "comparing", "finding", "lineage", "findings", "tensors")
LARGEST = 200_000
"""Bytes."""


def main() -> int:
    """Run the stories that take pictures and copy those that the documentation shows."""
    env = {**os.environ, "PATH": ensure_tools.tools_path(), "LABDECK_PICTURES": str(TAKEN)}
    shutil.rmtree(TAKEN, ignore_errors=True)
    stories = [f"tests/e2e/test_{story}.py" for story in STORIES]
    code = subprocess.run([sys.executable, "-m", "pytest", "-q", *stories], cwd=ROOT, env=env, check=False).returncode
    if code:
        return code
    SHOWN.mkdir(parents=True, exist_ok=True)
    for shown, taken in WANTED.items():
        picture = TAKEN / f"{taken}.png"
        if picture.stat().st_size > LARGEST:
            print(f"{picture.name} has {picture.stat().st_size} bytes: more than {LARGEST}")
            return 1
        shutil.copyfile(picture, SHOWN / f"{shown}.png")
        print(f"docs/images/{shown}.png")
    return 0


if __name__ == "__main__":
    sys.exit(main())
