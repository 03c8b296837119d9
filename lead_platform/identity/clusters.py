"""Clusters: which records belong together, given the pairs that say so and those that forbid it.

Owns connected components (`label_clusters`) and the guarded way (`cluster_records`), in which no
thin bridge joins two groups, no cluster grows without limit and no cannot-link is overruled. Both
are functions of their arguments alone: the order in which records or pairs arrive is no argument.
"""

from dataclasses import dataclass

import numpy as np
import pandas as pd
from scipy.sparse import coo_matrix
from scipy.sparse.csgraph import connected_components

from lead_platform.identity.specification import Clustering

CANNOT_LINK = "cannot_link"
THIN_BRIDGE = "thin_bridge"
TOO_LARGE = "too_large"


@dataclass(frozen=True)
class Clusters:
    """`labels`: a number per node, in their order; `set_aside`: the edges that were not followed
    although they join two clusters (left, right, weight, reason), each a case for a person."""

    labels: pd.Series
    set_aside: pd.DataFrame


def label_clusters(nodes: pd.Series, edges: pd.DataFrame) -> pd.Series:
    """The cluster number of each node, in the order of `nodes` (distinct ids): what hangs together.

    `edges` has columns left and right, both among `nodes`. Which nodes share a number depends on
    nodes and edges alone, not on their order.
    """
    left, right = _positions(nodes, edges)
    return pd.Series(_components(len(nodes), left, right), index=nodes.index, name="cluster")


def cluster_records(
    nodes: pd.Series,
    edges: pd.DataFrame,
    cannot_links: pd.DataFrame,
    clustering: Clustering,
) -> Clusters:
    """Clusters of `nodes` (distinct ids) along `edges`, strongest first, within the limits.

    `edges` has left, right, weight (base 2) and is_certain: whether the edge holds on its own
    (an equal key, a person's verdict). `cannot_links` has left and right: no cluster ever holds
    both. Two groups of two and more join over edges that are not certain only if there are at
    least two of them, and `clustering.bridge` times as many as the smaller group has members. An
    edge that was set aside is tried again when its groups have grown.
    """
    left, right = _positions(nodes, edges)
    forbidden = np.array(_positions(nodes, cannot_links)).T
    labels = _components(len(nodes), left, right)
    edge_label = labels[left]
    contested = _contested(labels, edge_label, edges, forbidden, clustering)
    chosen = np.flatnonzero(contested[edge_label])
    order = chosen[_strongest_first(nodes, edges.iloc[chosen], left[chosen], right[chosen])]
    groups = _Groups(clustering)
    for one, other in zip(left[order].tolist(), right[order].tolist(), strict=True):
        groups.add_edge(one, other)
    for one, other in forbidden[contested[labels[forbidden[:, 0]]]].tolist():
        groups.forbid(one, other)
    certain = edges["is_certain"].to_numpy(bool)
    reasons = groups.join(
        list(
            zip(
                order.tolist(),
                left[order].tolist(),
                right[order].tolist(),
                certain[order].tolist(),
                strict=True,
            )
        )
    )
    found = np.where(contested[labels], -1, labels)
    offset = int(labels.max(initial=-1)) + 1
    for node in np.flatnonzero(found < 0):
        found[node] = offset + groups.root(int(node))
    aside = edges.iloc[list(reasons)][["left", "right", "weight"]].assign(
        reason=list(reasons.values())
    )
    numbers = pd.Series(pd.factorize(found)[0], index=nodes.index, name="cluster")
    return Clusters(numbers, aside.reset_index(drop=True))


def _strongest_first(
    nodes: pd.Series, edges: pd.DataFrame, left: np.ndarray, right: np.ndarray
) -> np.ndarray:
    """The order of `edges`: certain ones, then by weight, ties by the ids of their ends."""
    rank = np.empty(len(nodes), dtype=np.int64)
    rank[np.argsort(nodes.to_numpy().astype(str), kind="stable")] = np.arange(len(nodes))
    ends = np.sort(np.stack([rank[left], rank[right]]), axis=0)
    return np.lexsort((ends[1], ends[0], -edges["weight"], ~edges["is_certain"].to_numpy(bool)))


def _contested(
    labels: np.ndarray,
    edge_label: np.ndarray,
    edges: pd.DataFrame,
    forbidden: np.ndarray,
    clustering: Clustering,
) -> np.ndarray:
    """Per component whether a limit could apply in it; the others are clusters as they are."""
    count = int(labels.max(initial=-1)) + 1
    size = np.bincount(labels, minlength=count)
    certain = np.bincount(edge_label[edges["is_certain"].to_numpy(bool)], minlength=count)
    total = np.bincount(edge_label, minlength=count)
    contested = (size >= 4) & (certain < total) | (size > clustering.largest)
    contested[labels[forbidden[:, 0]]] = True
    return contested


class _Groups:
    """Groups of nodes while they grow: members, edges and bans between them."""

    def __init__(self, clustering: Clustering) -> None:
        self._clustering = clustering
        self._parent: dict[int, int] = {}
        self._size: dict[int, int] = {}
        self._edges: dict[int, dict[int, int]] = {}
        self._banned: dict[int, set[int]] = {}

    def root(self, node: int) -> int:
        """The node that stands for the group of `node`."""
        parent = self._parent.setdefault(node, node)
        while parent != self._parent[parent]:
            parent = self._parent[node] = self._parent[parent]
        return parent

    def add_edge(self, left: int, right: int) -> None:
        """Counts an edge between two nodes that are still alone."""
        for one, other in ((left, right), (right, left)):
            counted = self._edges.setdefault(one, {})
            counted[other] = counted.get(other, 0) + 1

    def forbid(self, left: int, right: int) -> None:
        """Keeps two nodes apart for good."""
        self._banned.setdefault(left, set()).add(right)
        self._banned.setdefault(right, set()).add(left)

    def join(self, edges: list[tuple[int, int, int, bool]]) -> dict[int, str]:
        """Follows the edges (number, left, right, is_certain) in order, over again while groups
        grow. Returns by number why those left over were not followed."""
        while True:
            left_over: dict[int, str] = {}
            waiting = []
            for edge in edges:
                number, left, right, is_certain = edge
                one, other = self.root(left), self.root(right)
                if one == other:
                    continue
                if reason := self._objection(one, other, is_certain):
                    left_over[number] = reason
                    waiting.append(edge)
                else:
                    self._merge(one, other)
            if len(waiting) == len(edges):
                return left_over
            edges = waiting

    def _objection(self, one: int, other: int, is_certain: bool) -> str | None:
        if other in self._banned.get(one, ()):
            return CANNOT_LINK
        sizes = self._size.get(one, 1), self._size.get(other, 1)
        if sum(sizes) > self._clustering.largest:
            return TOO_LARGE
        between = self._edges.get(one, {}).get(other, 0)
        needed = max(2, self._clustering.bridge * min(sizes))
        if not is_certain and min(sizes) > 1 and between < needed:
            return THIN_BRIDGE
        return None

    def _merge(self, one: int, other: int) -> None:
        if len(self._edges.get(one, ())) < len(self._edges.get(other, ())):
            one, other = other, one
        self._parent[other] = one
        self._size[one] = self._size.get(one, 1) + self._size.pop(other, 1)
        kept = self._edges.setdefault(one, {})
        kept.pop(other, None)
        for third, count in self._edges.pop(other, {}).items():
            if third != one:
                kept[third] = kept.get(third, 0) + count
                self._edges[third].pop(other)
                self._edges[third][one] = kept[third]
        for third in self._banned.pop(other, set()):
            self._banned[third].discard(other)
            self.forbid(one, third)


def _positions(nodes: pd.Series, edges: pd.DataFrame) -> tuple[np.ndarray, np.ndarray]:
    index = pd.Index(nodes)
    left, right = index.get_indexer(edges["left"]), index.get_indexer(edges["right"])
    unknown = int((left < 0).sum() + (right < 0).sum())
    if unknown:
        raise ValueError(f"{unknown} edge ends are not among the {len(nodes)} nodes; add them")
    return left, right


def _components(size: int, left: np.ndarray, right: np.ndarray) -> np.ndarray:
    graph = coo_matrix((np.ones(len(left), dtype=np.int8), (left, right)), shape=(size, size))
    labels: np.ndarray = connected_components(graph, directed=False)[1]
    return labels
