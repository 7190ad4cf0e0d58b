"""What children say that they open arrives, however much it is."""

from __future__ import annotations

import contextlib
import os

from labdeck.runs.lineage.tracker import Tracker


def test_a_full_pipe_arrives_whole(studio):
    tracker = Tracker(studio.session, "t")
    tracker.before_fork()
    written = 0
    with contextlib.suppress(BlockingIOError):
        while True:  # lines that fill its pages to the last byte
            written += os.write(tracker._pipe[1], b"r/data/%056d\n" % written)
    found = tracker._new()
    assert written >= 4096
    assert found == [(f"/data/{number:056d}", False) for number in range(0, written, 64)]
    os.write(tracker._pipe[1], "w/data/a\u2028b.csv\n".encode())
    assert tracker._new() == [("/data/a\u2028b.csv", True)]
    for end in tracker._pipe:
        os.close(end)
