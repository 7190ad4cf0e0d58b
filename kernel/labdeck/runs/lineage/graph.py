"""What a query of the lineage found, as something to look at and to go on from."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

    import pandas as pd

    from labdeck.runs.trial import Trial
    from labdeck.store.session import Session
    from labdeck.wire.records import LineageEdge, LineageGraph, LineageNode, NodeKind

SHOWN = 30
"""Associations that a cell shows."""


class Graph:
    """Nodes and the associations between them; made by `Lineage.upstream`, `downstream` and `trace`.

    It is iterable over its nodes, nearest first, what the query began at included.

    Attributes:
        record: The same as it crosses the wire.

    Example:
        >>> import labdeck
        >>> with labdeck.experiment("digits").trial("cnn") as trial:
        ...     data = trial.log_input(b"a few bytes", name="digits")
        >>> [node.name for node in labdeck.open().lineage.downstream(data)]
        ['digits', 'cnn']
    """

    def __init__(self, session: Session, record: LineageGraph) -> None:
        self.record = record
        self._session = session

    @property
    def nodes(self) -> tuple[LineageNode, ...]:
        """All nodes, nearest first."""
        return self.record.nodes

    @property
    def edges(self) -> tuple[LineageEdge, ...]:
        """The associations between them: `source`, `destination`, `association`."""
        return self.record.edges

    @property
    def truncated(self) -> bool:
        """Whether there is more than was asked for."""
        return self.record.truncated

    def of_type(self, type: str) -> list[LineageNode]:  # noqa: A002 - the word for it everywhere
        """Return the nodes of a type, "DataSet", "Model" or "Endpoint" for example."""
        return [node for node in self.nodes if node.type == type]

    def of_kind(self, kind: NodeKind) -> list[LineageNode]:
        """Return the nodes that are an "artifact", an "action", a "context" or a "trial"."""
        return [node for node in self.nodes if node.kind == kind]

    def trials(self) -> list[Trial]:
        """Return the trials among them that are not deleted."""
        from labdeck.runs.experiment import Experiment
        from labdeck.runs.trial import Trial

        found = []
        for node in self.of_kind("trial"):
            if "deleted" not in node.properties:
                home = Experiment(
                    self._session, node.properties["experiment"], known_id=node.properties["experiment_id"]
                )
                found.append(Trial(home, node.id, node.name, recorded=True))
        return found

    def frame(self) -> pd.DataFrame:
        """Return one row per association: `source`, `source_type`, `association`, `destination`, `destination_type`."""
        import pandas as pd

        by_id = {node.id: node for node in self.nodes}
        sources = [by_id[edge.source] for edge in self.edges]
        destinations = [by_id[edge.destination] for edge in self.edges]
        columns = {
            "source": [node.name for node in sources],
            "source_type": [node.type for node in sources],
            "association": [edge.association for edge in self.edges],
            "destination": [node.name for node in destinations],
            "destination_type": [node.type for node in destinations],
        }
        frame: pd.DataFrame = pd.DataFrame(columns)
        return frame

    def __iter__(self) -> Iterator[LineageNode]:
        """Go through its nodes."""
        return iter(self.nodes)

    def __len__(self) -> int:
        """Return how many nodes there are."""
        return len(self.nodes)

    def _repr_html_(self) -> str:
        """Show its associations in a cell; names are escaped."""
        table: str = self.frame().to_html(max_rows=SHOWN, index=False, border=0)
        return table

    def __repr__(self) -> str:
        """Say how large it is."""
        return f"<lineage of {len(self.nodes):,} nodes and {len(self.edges):,} associations>"
