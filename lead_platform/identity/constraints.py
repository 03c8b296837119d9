"""Constrained clusters: records that hang together without joining any two that must stay apart.

Owns the rule by which edges give way: the strongest join first, and one that would bring two
records together that a person keeps apart is cut. What is known of edges and records decides, not
the order in which they arrived.
"""

from collections.abc import Hashable, Iterable, Sequence
from dataclasses import dataclass
from typing import Generic, TypeVar

Node = TypeVar("Node", bound=Hashable)


@dataclass(frozen=True)
class ConstrainedClusters(Generic[Node]):
    """`representative` of each node's cluster; `cut`: positions of edges that join nothing."""

    representative: dict[Node, Node]
    cut: tuple[int, ...]


def cluster_apart(
    nodes: Iterable[Node],
    edges: Sequence[tuple[Node, Node]],
    apart: Iterable[tuple[Node, Node]],
) -> ConstrainedClusters[Node]:
    """Joins along `edges`, the strongest first as given, unless that joins a pair of `apart`.

    A pair of a node with itself is no constraint. Ends of `apart` that are not among the nodes
    are ignored.
    """
    forest = _Forest(nodes)
    for left, right in apart:
        forest.keep_apart(left, right)
    cut = tuple(
        position for position, (left, right) in enumerate(edges) if not forest.join(left, right)
    )
    return ConstrainedClusters({node: forest.find(node) for node in forest.parents}, cut)


def spanning_edges(nodes: Iterable[Node], edges: Sequence[tuple[Node, Node]]) -> tuple[int, ...]:
    """Positions of the fewest edges that hold together what all of them do, the first first."""
    forest = _Forest(nodes)
    holding = []
    for position, (left, right) in enumerate(edges):
        if forest.find(left) != forest.find(right):
            forest.join(left, right)
            holding.append(position)
    return tuple(holding)


class _Forest(Generic[Node]):
    """Disjoint sets that remember which other sets they must not join."""

    def __init__(self, nodes: Iterable[Node]) -> None:
        self.parents: dict[Node, Node] = {node: node for node in nodes}
        self._sizes = dict.fromkeys(self.parents, 1)
        self._enemies: dict[Node, set[Node]] = {node: set() for node in self.parents}

    def find(self, node: Node) -> Node:
        root = node
        while self.parents[root] != root:
            root = self.parents[root]
        while self.parents[node] != root:
            self.parents[node], node = root, self.parents[node]
        return root

    def keep_apart(self, left: Node, right: Node) -> None:
        if left != right and left in self.parents and right in self.parents:
            self._enemies[left].add(right)
            self._enemies[right].add(left)

    def join(self, left: Node, right: Node) -> bool:
        """False where the two must stay apart."""
        into, other = self.find(left), self.find(right)
        if into == other:
            return True
        if other in self._enemies[into]:
            return False
        if self._sizes[into] < self._sizes[other]:
            into, other = other, into
        self.parents[other] = into
        self._sizes[into] += self._sizes[other]
        for enemy in self._enemies.pop(other):
            self._enemies[enemy].discard(other)
            self._enemies[enemy].add(into)
            self._enemies[into].add(enemy)
        return True
