"""The state of the git repository a trial runs in."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

from labdeck.runs.redact import redact
from labdeck.wire.records import Capture

MAX_DIFF = 1 << 20
"""Most characters kept of the uncommitted changes."""
_TIMEOUT = 5.0


def capture_git() -> Capture | None:
    """Return the repository's state; None outside a repository or without git.

    The body has `root`, `commit` ("" before the first one), `branch` ("" when detached), `remote`, `dirty` and `diff`
    (of tracked files against the commit, at most 1 MiB). Secrets are redacted.
    """
    if shutil.which("git") is None:
        return None
    root = _git("rev-parse", "--show-toplevel").strip()
    if not root:
        return None
    status = _git("status", "--porcelain", "--untracked-files=no")
    commit = _git("rev-parse", "--verify", "--quiet", "HEAD").strip()
    body = {
        "root": str(Path(root)),
        "commit": commit,
        "branch": _git("symbolic-ref", "--short", "--quiet", "HEAD").strip(),
        "remote": redact(_git("config", "--get", "remote.origin.url").strip()),
        "dirty": bool(status.strip()),
        "diff": redact(_git("diff", "--no-color", "--no-ext-diff", "HEAD")[:MAX_DIFF])
        if commit and status.strip()
        else "",
    }
    return Capture(kind="git", body=body)


def _git(*arguments: str) -> str:
    """Return what git prints, "" if it fails or hangs."""
    command = ["git", "-c", "core.fsmonitor=false", *arguments]
    try:
        done = subprocess.run(  # noqa: S603 - fixed arguments, no shell
            command, capture_output=True, timeout=_TIMEOUT, check=False, stdin=subprocess.DEVNULL
        )
    except (OSError, subprocess.TimeoutExpired):
        return ""
    return done.stdout.decode("utf-8", "replace") if done.returncode == 0 else ""
