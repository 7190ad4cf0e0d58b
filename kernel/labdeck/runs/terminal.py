r"""What a terminal would show of what is printed: progress bars folded, colours left out."""

from __future__ import annotations

import re

_HELD = 20
"""Most rows over which a cursor may move up."""
_LONGEST = 20_000
"""Characters of a row; more is not kept."""
_SPECIAL = re.compile(
    r"(?P<feed>\n)|(?P<back>[\r\b])|\x1b\[(?P<number>\d*)(?P<move>[AK])|\x1b\[[0-9;?]*[ -/]*[@-~]"
    r"|\x1b\][^\x07\x1b]*(?:\x07|\x1b\\)|\x1b[@-Z\\-_]"
)


class Screen:
    r"""One stream of text, as rows; fed piece by piece.

    A carriage return or backspace goes back in the row, and what follows replaces what stood there. Rows are finished
    by a line feed. Once the cursor has moved up, as it does for several progress bars, rows are held until `settle`.

    Example:
        >>> screen = Screen()
        >>> screen.feed("10%\r20%")
        []
        >>> screen.begun(), screen.feed("\r100%\ndone\n")
        (['20%'], ['100%', 'done'])
    """

    def __init__(self) -> None:
        self._rows = [""]
        self._row = 0
        self._column = 0
        self._holds = False
        self._moved = False

    def feed(self, text: str) -> list[str]:
        """Take in text; return the rows that it finished."""
        done: list[str] = []
        at = 0
        for found in _SPECIAL.finditer(text):
            self._put(text[at : found.start()])
            at = found.end()
            if found["feed"]:
                self._feed(done)
            elif found["back"]:
                self._column = 0 if found["back"] == "\r" else max(self._column - 1, 0)
            elif found["move"] == "K":
                self._erase(found["number"])
            elif found["move"]:
                self._row = max(self._row - int(found["number"][:4] or 1), 0)
                self._holds = self._moved = True
        self._put(text[at:])
        return done

    def _put(self, text: str) -> None:
        if text:
            row, end = self._rows[self._row], self._column + len(text)
            before = row[: self._column].ljust(self._column)
            self._rows[self._row] = (before + text + row[end:])[:_LONGEST]
            self._column = min(end, _LONGEST)

    def _feed(self, done: list[str]) -> None:
        self._column = 0
        if not self._holds:
            done.append(self._rows[0].rstrip())
            self._rows[0] = ""
            return
        self._row += 1
        if self._row == len(self._rows):
            self._rows.append("")
        if len(self._rows) > _HELD:
            done.append(self._rows.pop(0).rstrip())
            self._row -= 1

    def _erase(self, number: str) -> None:
        row = self._rows[self._row]
        kept = {"": row[: self._column], "0": row[: self._column], "1": " " * self._column + row[self._column :]}
        self._rows[self._row] = kept.get(number, "")

    def begun(self) -> list[str]:
        """Return the rows that are not finished, empty ones left out."""
        return [text for row in self._rows if (text := row.rstrip())]

    def settle(self) -> list[str]:
        """Finish the rows that were held if the cursor has not moved up since the last call; return them."""
        moved, self._moved = self._moved, False
        if moved or not self._holds:
            return []
        *done, last = self._rows
        self._rows, self._row, self._holds = [last], 0, False
        return [row.rstrip() for row in done]

    def finish(self) -> list[str]:
        """Finish everything that was begun; return it."""
        done = self.begun()
        self._rows, self._row, self._column, self._holds = [""], 0, 0, False
        return done
