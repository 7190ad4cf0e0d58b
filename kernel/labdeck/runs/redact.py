"""Removes secrets from text before it is kept."""

from __future__ import annotations

import re

MARK = "[redacted]"

_NAMES = (
    r"[\w.-]*(?:secret|token|passw(?:or)?d|api[_-]?key|access[_-]?key|private[_-]?key|credentials?)(?![A-Za-z])[\w-]*"
)
_ASSIGNMENT = re.compile(
    rf"""(?P<head>["']?\b{_NAMES}["']?\]?\s*[:=]\s*[rbfu]?)(?P<quote>["'])(?P<secret>(?:\\.|(?!(?P=quote)).)+)(?P=quote)""",
    re.IGNORECASE,
)
_ENV_LINE = re.compile(
    rf"^(?P<head>\s*(?:%env\s+|%set_env\s+|!?\s*export\s+){_NAMES}\s*=\s*)(?P<secret>\S.*)$",
    re.IGNORECASE | re.MULTILINE,
)
_URL = re.compile(r"(?P<head>\b[a-z][a-z0-9+.-]*://[^\s/@:\"']*):(?P<secret>[^\s/@\"']+)@", re.IGNORECASE)
_WELL_KNOWN = re.compile(
    r"\b(?:gh[pousr]_[A-Za-z0-9]{20,}|github_pat_\w{20,}|glpat-[\w-]{16,}|hf_[A-Za-z0-9]{20,}|sk-[\w-]{20,}"
    r"|xox[abprs]-[\w-]{10,}|A(?:KIA|SIA)[A-Z0-9]{16}|eyJ[\w-]{10,}\.[\w-]{10,}\.[\w-]{5,})"
)

_HINT = re.compile(
    r"secret|token|passw|key|credential|://|gh[pousr]_|github_pat|glpat|hf_|sk-|xox|a[ks]ia|eyj", re.IGNORECASE
)
"""What every text has that one of the above changes; most lines that are printed have none of it."""


def redact(text: str) -> str:
    """Return a text with what looks like a secret replaced by "[redacted]".

    Recognised are string values of names that speak of tokens, passwords, secrets and keys, environment lines of such
    names, passwords in URLs, and the formats of well-known services. Code that merely *refers* to a secret stays as it
    is.

    Example:
        >>> redact('API_KEY = "abc123"; lr = 0.1')
        'API_KEY = "[redacted]"; lr = 0.1'
        >>> redact("git clone https://me:hunter2@example.org/x")
        'git clone https://me:[redacted]@example.org/x'
    """
    if not _HINT.search(text):
        return text
    text = _ASSIGNMENT.sub(lambda m: f"{m['head']}{m['quote']}{MARK}{m['quote']}", text)
    text = _ENV_LINE.sub(lambda m: m["head"] + MARK, text)
    text = _URL.sub(lambda m: f"{m['head']}:{MARK}@", text)
    return _WELL_KNOWN.sub(MARK, text)
