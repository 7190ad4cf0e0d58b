"""What the disk's refusals mean."""

from __future__ import annotations

import errno

from labdeck.errors import StoreError, StoreFull, StoreUnreachable

_FULL = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG}


def disk_error(error: OSError, what: str) -> StoreError:
    """Return the error to raise in place of an OSError.

    Args:
        error: What the system said.
        what: What could not be done, "the file cannot be kept" for example.

    Example:
        >>> disk_error(OSError(errno.ENOSPC, "No space left on device"), "the file cannot be kept")
        StoreFull('the file cannot be kept: the disk is full', 'free some space and try again')
    """
    if error.errno in _FULL:
        return StoreFull(f"{what}: the disk is full", "free some space and try again")
    return StoreUnreachable(f"{what}: {error.strerror or error}", "check the disk and the rights of its folders")
