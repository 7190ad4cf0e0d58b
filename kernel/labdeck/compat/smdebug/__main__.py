"""Runs a script for smdebug as it is: `python -m labdeck.compat.smdebug train.py --epochs 3`."""

from __future__ import annotations

import runpy
import sys
from pathlib import Path

from labdeck.compat.smdebug.installing import install


def main(words: list[str]) -> None:
    """Run the script that the first word names, with the others as its own."""
    if not words or not Path(words[0]).is_file():
        sys.exit("usage: python -m labdeck.compat.smdebug SCRIPT [ARGUMENT ...]")
    install()
    sys.argv = words
    sys.path[0] = str(Path(words[0]).resolve().parent)
    runpy.run_path(words[0], run_name="__main__")


if __name__ == "__main__":
    main(sys.argv[1:])
