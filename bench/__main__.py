"""Every measurement, one after the other: `python -m bench [NAME …]`."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

HERE = Path(__file__).resolve().parent


def main() -> int:
    """Run the named measurements, or all; 1 if one of them crashed, whatever the figures say."""
    names = sys.argv[1:] or sorted(path.stem for path in HERE.glob("[a-z]*.py"))
    failed = 0
    for name in names:
        failed += subprocess.run([sys.executable, str(HERE / f"{name}.py")], check=False).returncode != 0
        print(flush=True)
    return int(failed > 0)


if __name__ == "__main__":
    sys.exit(main())
