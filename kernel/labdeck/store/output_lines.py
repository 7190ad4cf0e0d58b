"""Reading what was printed: a million lines are looked through, not decoded."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from labdeck.wire.recording import OutputLine, Stream

if TYPE_CHECKING:
    from numpy.typing import NDArray

_STREAMS: dict[bytes, Stream] = {b"o": "stdout", b"e": "stderr", b"c": "stderr"}
_CUT = b"c"
_FEED = 10


class Lines:
    """The lines of a file of output; see `labdeck.store.outputs` for the layout.

    Args:
        data: The file; what follows the last line feed is left out, it is being written.
    """

    def __init__(self, data: bytes) -> None:
        self._data = data
        self._ends: NDArray[np.intp] = _ends(data)

    def __len__(self) -> int:
        """Return how many there are."""
        return len(self._ends)

    def record(self, at: int, before: int = 0, *, finished: bool = True) -> OutputLine:
        """Return a line.

        Args:
            at: Its place, from 0.
            before: Lines before the first of this file.
            finished: Whether it has ended.
        """
        time, letter, text = _parts(self._raw(at))
        return OutputLine(
            number=before + at + 1,
            stream=_STREAMS[letter],
            time=time,
            text=text.decode("utf-8", "replace"),
            finished=finished,
        )

    def holding(self, search: str) -> NDArray[np.intp]:
        """Return the places of the lines whose text holds another text, in whatever case; all of them for ""."""
        if not search:
            return np.arange(len(self._ends))
        data, ends, wanted = self._data, self._ends, search.encode("utf-8", "replace")
        if data.isascii():
            data, wanted = data.lower(), wanted.lower()
        else:
            data, wanted = self._data.decode("utf-8", "replace").lower().encode(), search.lower().encode()
            ends = _ends(data)
        found: list[int] = []
        at = data.find(wanted)
        while 0 <= at < (ends[-1] if len(ends) else 0):
            line = int(ends.searchsorted(at))
            start = int(ends[line - 1]) + 1 if line else 0
            text = data.find(b"\t", data.find(b"\t", start) + 1) + 1
            if at < text:  # in the time, not in what was printed
                at = data.find(wanted, text)
                continue
            found.append(line)
            at = data.find(wanted, int(ends[line]) + 1)
        return np.array(found, dtype=np.intp)

    def is_cut(self) -> bool:
        """Say whether more was printed than is kept."""
        last = range(max(len(self) - 2, 0), len(self))
        return any(_parts(self._raw(at))[1] == _CUT for at in last)

    def _raw(self, at: int) -> bytes:
        start = int(self._ends[at - 1]) + 1 if at else 0
        return self._data[start : int(self._ends[at])]


def _ends(data: bytes) -> NDArray[np.intp]:
    return np.flatnonzero(np.frombuffer(data, np.uint8) == _FEED)


def _parts(raw: bytes) -> tuple[float, bytes, bytes]:
    """Return time, letter and text of a line; a damaged one is all text."""
    time, _, rest = raw.partition(b"\t")
    letter, tab, text = rest.partition(b"\t")
    try:
        if tab and letter in _STREAMS:
            return float(time), letter, text
    except ValueError:
        pass
    return 0.0, b"o", raw
