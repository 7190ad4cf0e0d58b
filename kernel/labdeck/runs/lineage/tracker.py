"""Turns the files that one trial opens into its lineage, in the background."""

from __future__ import annotations

import contextlib
import os
import threading
import time
from collections import deque
from typing import TYPE_CHECKING

from labdeck.runs.lineage import readers, watching
from labdeck.runs.lineage.folding import Folding
from labdeck.wire.commands import Associate, Dissociate, PutNode
from labdeck.wire.records import LineageEdge

if TYPE_CHECKING:
    from labdeck.store.session import Session
    from labdeck.wire.commands import AnyCommand
    from labdeck.wire.records import ArtifactRecord, Association, LineageNode

TICK = 0.25
"""Seconds between two looks at what was opened."""
CLOSING = 10.0
"""Longest wait, in seconds, at a trial's end for the files that are still to be read."""
_LINE = 4000
"""Bytes that go through a pipe as one piece, whoever else writes."""


class Tracker:
    """Knows what one trial read and wrote; files that are logged by hand are told to it as well.

    Args:
        session: Where the lineage is recorded.
        trial_id: The trial.
    """

    def __init__(self, session: Session, trial_id: str) -> None:
        self.thread = threading.get_ident()
        self._session = session
        self._trial_id = trial_id
        self._pid = os.getpid()
        self._store = str(session.location.folder) + "/"
        self._seen: set[str] = set()
        self._opened: deque[tuple[str, bool]] = deque()
        self._folding = Folding()
        self._known: dict[tuple[str, bool], str] = {}  # what was recorded of a place: the node's id
        self._by_hand: set[str] = set()
        self._pipe: tuple[int, int] | None = None
        self._lock = threading.Lock()
        self._ended = threading.Event()
        self._worker: threading.Thread | None = None

    def start(self) -> Tracker:
        """Begin, unless files are not to be noticed."""
        if watching.is_on():
            self._worker = threading.Thread(target=self._run, name="labdeck-lineage", daemon=True)
            self._worker.start()
            watching.begin(self)
            readers.install()
        return self

    def close(self) -> None:
        """Record what is left and stop; in a forked child only stop."""
        watching.end(self)
        self._ended.set()
        if self._worker is not None and self._pid == os.getpid():
            self._worker.join(CLOSING)
            for end in self._pipe or ():
                with contextlib.suppress(OSError):
                    os.close(end)
            self._pipe = None

    # -- what is opened --------------------------------------------------------------------------------------------

    def saw(self, path: str, *, writing: bool) -> None:
        """Take note of a file, folder or URL; called wherever a file is opened, so it only takes note."""
        if not writing:
            if path in self._seen:
                return
            self._seen.add(path)
        if path.startswith(self._store):
            return
        if self._pid == os.getpid():
            self._opened.append((path, writing))
        elif self._pipe is not None:
            line = f"{'w' if writing else 'r'}{path}\n".encode("utf-8", "surrogateescape")
            if len(line) <= _LINE and "\n" not in path:
                with contextlib.suppress(BlockingIOError, BrokenPipeError):  # a full pipe: a folder's worth of files
                    os.write(self._pipe[1], line)

    def before_fork(self) -> None:
        """Make a way by which children, which have no thread of ours, tell what they open."""
        if self._pipe is None and self._pid == os.getpid() and not self._ended.is_set():
            ends = os.pipe()
            for end in ends:
                os.set_blocking(end, False)
            self._pipe = ends

    # -- what is said ----------------------------------------------------------------------------------------------

    def log(self, node: LineageNode, association: Association, *, known: bool = False) -> None:
        """Record a node that somebody named as something the trial read (ContributedTo) or made.

        One that is known to the lineage is left as it is.
        """
        self._by_hand.add(node.id)
        edge = self._edge(node, association)
        if node.kind == "trial":
            self._session.post(edge)
        else:
            self._session.post(PutNode(node=node, replace=not known), edge)

    def kept(self, path: str | os.PathLike[str], artifact: ArtifactRecord) -> None:
        """Record a file that was logged to the trial: its product, unless the trial had read it before."""
        from labdeck.runs.lineage.nodes import path_node

        if self._worker is None:
            return
        place = os.path.abspath(path)  # noqa: PTH100
        try:
            node = path_node(place, writing=True, name=artifact.name)
        except (OSError, ValueError):
            return  # it is kept, and gone by now
        if node.digest == artifact.sha256:
            with self._lock:
                was_read = place in self._seen and (place, True) not in self._known
                if not was_read:
                    self._known[place, True] = node.id
            self.log(node, "ContributedTo" if was_read else "Produced", known=True)

    def _edge(self, node: LineageNode, association: Association) -> Associate:
        source, destination = (node.id, self._trial_id)
        if association != "ContributedTo":
            source, destination = destination, source
        edge = LineageEdge(source=source, destination=destination, association=association, created=time.time())
        return Associate(edge=edge)

    # -- the background thread -------------------------------------------------------------------------------------

    def _run(self) -> None:
        try:
            while not self._ended.wait(TICK):
                self._look(final=False)
            self._look(final=True)
        except Exception as error:  # noqa: BLE001 - training goes on
            watching.give_up(error)

    def _look(self, *, final: bool) -> None:
        for path, writing in self._new():
            self._folding.add(path, writing=writing)
        for path, writing in self._folding.due(final=final):
            self._record(path, writing=writing)
        for place in self._folding.superseded():
            self._session.post(*self._forget(place))

    def _new(self) -> list[tuple[str, bool]]:
        found = []
        with contextlib.suppress(IndexError):
            while True:
                found.append(self._opened.popleft())
        text = b""
        with contextlib.suppress(OSError):  # nothing more in there for now
            while self._pipe is not None and (piece := os.read(self._pipe[0], 1 << 16)):
                text += piece
                if len(piece) < 1 << 16:
                    break
        lines = text.decode("utf-8", "surrogateescape").split("\n")
        return found + [(line[1:], line[0] == "w") for line in lines if len(line) > 1]

    def _record(self, path: str, *, writing: bool) -> None:
        from labdeck.runs.lineage.nodes import address_node, path_node

        try:
            node = address_node(path) if "://" in path else path_node(path, writing=writing)
        except (OSError, ValueError):
            return  # it is gone, or no file at all: what was temporary leads nowhere
        place = path, writing
        with self._lock:
            before, self._known[place] = self._known.get(place), node.id
        commands = [] if before in {None, node.id} else self._forget_node(before or "", writing=writing)
        if before != node.id:
            association: Association = "Produced" if writing else "ContributedTo"
            self._session.post(*commands, PutNode(node=node, replace=False), self._edge(node, association))

    def _forget(self, place: tuple[str, bool]) -> list[AnyCommand]:
        with self._lock:
            before = self._known.pop(place, None)
        return [] if before is None else self._forget_node(before, writing=place[1])

    def _forget_node(self, node_id: str, *, writing: bool) -> list[AnyCommand]:
        """Take back what an earlier state of a place led to, unless somebody said so or it lies elsewhere too."""
        if node_id in self._by_hand or node_id in self._known.values():
            return []
        if writing:
            return [Dissociate(source=self._trial_id, destination=node_id, association="Produced")]
        return [Dissociate(source=node_id, destination=self._trial_id, association="ContributedTo")]
