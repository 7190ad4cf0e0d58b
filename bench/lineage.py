"""How fast a lineage of 100,000 associations is queried to full depth, and what noticing files costs."""

from __future__ import annotations

import os
import random
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from _measure import Figures, alternate, machine, table, verdict

from labdeck.store.ids import new_id
from labdeck.store.open import locate, open_store
from labdeck.store.process import this_process
from labdeck.studio import Studio
from labdeck.wire import commands as wire
from labdeck.wire.records import LineageEdge, LineageNode

TRIALS, DATA_SETS, INPUTS = 20_000, 500, 4
ROUNDS = 5
OPENS = 20_000
BATCH = 5_000
_WRITER = this_process()


class Graph:
    """A store in which every trial reads two data sets and the models of two earlier trials, and produces a model."""

    def __init__(self, folder: Path) -> None:
        self.path = folder / "store"
        self.data = [new_id() for _ in range(DATA_SETS)]
        self.trials = [new_id() for _ in range(TRIALS)]
        self.models = [new_id() for _ in range(TRIALS)]
        self.pairs: list[tuple[str, str]] = []
        self.store = open_store(locate(self.path))
        batch: list[wire.AnyCommand] = [self._node(one, "DataSet", f"data-{n}") for n, one in enumerate(self.data)]
        dice = random.Random(1)  # noqa: S311 - the same graph each time
        for number, (trial, model) in enumerate(zip(self.trials, self.models, strict=True)):
            batch.append(
                wire.StartTrial(
                    id=trial,
                    experiment="bench",
                    new_experiment_id=new_id(),
                    name=f"t{number}",
                    started=1.0,
                    writer=_WRITER,
                )
            )
            batch.append(self._node(model, "Model", f"model-{number}.pt"))
            sources = [self.data[(number * 7 + place * 131) % DATA_SETS] for place in range(INPUTS // 2)]
            sources += dice.sample(self.models[max(number - 1000, 0) : number], min(number, INPUTS // 2))
            self.pairs += [(source, trial) for source in sources] + [(trial, model)]
            batch += [self._edge(source, trial, "ContributedTo") for source in sources]
            batch.append(self._edge(trial, model, "Produced"))
            if len(batch) > BATCH:
                self.store.catalog.apply(batch)
                batch = []
        self.store.catalog.apply(batch)

    @staticmethod
    def _node(identity: str, kind: str, name: str) -> wire.PutNode:
        digest = identity * 2
        node = LineageNode(
            id=identity, kind="artifact", type=kind, name=name, uri=f"/data/{name}", digest=digest, created=1.0
        )
        return wire.PutNode(node=node)

    @staticmethod
    def _edge(source: str, destination: str, how: str) -> wire.Associate:
        return wire.Associate(
            edge=LineageEdge(source=source, destination=destination, association=how, created=1.0)  # type: ignore[arg-type]
        )

    def ask(self, what: str) -> float:
        """Query the whole lineage one way; return milliseconds."""
        ways: dict[str, Callable[[], int]] = {
            "up from the last model": lambda: self._walk(self.models[-1], "up"),
            "down from a data set": lambda: self._walk(self.data[0], "down"),
            "one query a node": self._naive,
            "networkx, in memory": self._networkx,
        }
        start = time.perf_counter()
        found = ways[what]()
        milliseconds = (time.perf_counter() - start) * 1000
        if found < TRIALS:
            raise SystemExit(f"{what}: only {found} nodes were found")
        return milliseconds

    def _walk(self, start: str, direction: str) -> int:
        return len(self.store.catalog.lineage([start], direction, limit=10**6).nodes)  # type: ignore[arg-type]

    def _naive(self) -> int:
        """Walk down as one would without a plan: for every node its associations and its record, one query each."""
        catalog = self.store.catalog
        seen, queue = {self.data[0]}, [self.data[0]]
        for one in queue:
            for edge in catalog.lineage([one], "down", depth=1).edges:
                if edge.destination not in seen:
                    seen.add(edge.destination)
                    queue.append(edge.destination)
        return len(seen)

    def _networkx(self) -> int:
        """Walk down a graph that lies in memory as Python objects, ids alone."""
        import networkx as nx

        if not hasattr(self, "graph"):
            self.graph = nx.DiGraph(self.pairs)
            return TRIALS
        return len(nx.descendants(self.graph, self.data[0])) + 1


def _start(identity: str, name: str) -> wire.StartTrial:
    return wire.StartTrial(
        id=identity, experiment="bench", new_experiment_id=new_id(), name=name, started=1.0, writer=_WRITER
    )


def opening(folder: Path) -> dict[str, float]:
    """Return microseconds an open and close of a small file takes: before the first trial, in a trial, after it."""
    path = folder / "a.csv"
    path.write_text("1\n", encoding="utf-8")

    def once() -> float:
        start = time.thread_time()
        for _ in range(OPENS):
            os.close(os.open(path, os.O_RDONLY))
        return (time.thread_time() - start) / OPENS * 1e6

    def best() -> float:
        return min(once() for _ in range(5))

    with Studio(folder / "small") as studio:
        found = {"never a trial": best()}
        with studio.experiment("e").trial():
            found["in a trial"] = best()
        found["after it"] = best()
    return found


def main() -> None:
    """Measure in turns, print the tables and the verdicts."""
    print(f"bench/lineage.py: {TRIALS * (INPUTS + 1):,} associations of {TRIALS:,} trials and as many models")
    machine()
    with tempfile.TemporaryDirectory() as folder:
        opened = opening(Path(folder))
        graph = Graph(Path(folder))
        ways = ("up from the last model", "down from a data set", "one query a node", "networkx, in memory")
        for what in (*ways[:2], ways[3]):
            graph.ask(what)  # imports, fills the file cache, builds networkx's graph
        found = alternate({**dict.fromkeys(ways, ROUNDS), ways[2]: 1}, graph.ask)
    figures = {what: Figures(tuple(runs)) for what, runs in found.items()}
    table(
        ["query to full depth", "median (min … max, rounds)"],
        [[what, one.show(lambda value: f"{value:.0f} ms")] for what, one in figures.items()],
    )
    print()
    table(["open and close a file", "best"], [[what, f"{value:.2f} µs"] for what, value in opened.items()])
    print()
    for what in ways[:2]:
        verdict(f"lineage, {what}", figures[what].median, 300, at_least=False, unit=" ms")
    verdict(
        "lineage, faster than one query a node", figures[ways[2]].median / figures[ways[1]].median, 1, at_least=True
    )
    for what, goal in (("in a trial", 5), ("after it", 0.5)):
        extra = opened[what] - opened["never a trial"]
        verdict(f"open a file, {what}: more than before", extra, goal, at_least=False, unit=" µs")


if __name__ == "__main__":
    main()
