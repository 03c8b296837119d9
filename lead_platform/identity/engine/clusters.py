"""Clusters: which records belong together, given the pairs that say so and those that forbid it.

Owns connected components (`label_clusters`), the guarded way (`cluster_records`), in which no thin
bridge joins two groups, no limit is exceeded, no cannot-link is overruled and what fits two joins
neither, and the chain that holds a cluster together (`spanning_edges`). All are functions of their
arguments alone: the order in which records or pairs arrive is no argument.
"""

from collections.abc import Hashable, Iterable, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import pandas as pd
from scipy.sparse import coo_matrix
from scipy.sparse.csgraph import connected_components

from lead_platform.identity.engine.specification import (
    CANNOT_LINK,
    Clustering,
    LinkageSpecification,
)

FITS_SEVERAL = "fits_several"
CROWD_SHARES = "crowd_shares"
THIN_BRIDGE = "thin_bridge"
TOO_LARGE = "too_large"
TOO_MANY = "too_many:"
"""Followed by the name of the limit of `clustering.limits` that stands in the way."""

NO_LINKS = pd.DataFrame({"left": [], "right": []}, dtype=object)
NO_VALUES = pd.DataFrame({"node": [], "limit": [], "within": [], "value": []}, dtype=object)

# Weights are compared to a millionth of a bit: sums may differ in the last place.
_WEIGHT_DIGITS = 6


@dataclass(frozen=True)
class Clusters:
    """`labels`: a number per node, in their order; `set_aside`: the edges that were not followed
    although they join two clusters (left, right, weight, reason), under their index among the
    edges, each a case for a person. Where an end of one fits several, `torn` is that end."""

    labels: pd.Series
    set_aside: pd.DataFrame


@dataclass(frozen=True)
class Kinds:
    """Nodes that are alike in what guards look at, and which kinds are not one.

    `of`: the kind of nodes that have one, by node; `apart`: left and right, no cluster holds nodes
    of both.
    """

    of: "pd.Series[int]"
    apart: pd.DataFrame


_NONE_APART = pd.DataFrame({"left": [], "right": []}, dtype="int64")
NO_KINDS = Kinds(pd.Series({}, dtype="int64"), _NONE_APART)


class _Edge(NamedTuple):
    """An edge to follow: its place, its ends, and what it may overrule."""

    place: int
    left: int
    right: int
    is_certain: bool
    is_said: bool
    is_placed: bool


def label_clusters(nodes: pd.Series, edges: pd.DataFrame) -> pd.Series:
    """The cluster number of each node, in the order of `nodes` (distinct ids): what hangs together.

    `edges` has columns left and right, both among `nodes`. Which nodes share a number depends on
    nodes and edges alone, not on their order.
    """
    left, right = _positions(nodes, edges)
    return pd.Series(_components(len(nodes), left, right), index=nodes.index, name="cluster")


def certain_pairs(pairs: pd.DataFrame, specification: LinkageSpecification) -> pd.Series:
    """Which merging pairs (columns rule, match_probability) hold on their own.

    Those over an exact key, and those from the specification's probability for it on.
    """
    keys = [key.name for key in specification.exact_keys]
    strong = specification.clustering.strong
    return pairs["rule"].isin(keys) | (pairs["match_probability"] >= strong)


def cluster_records(
    nodes: pd.Series,
    edges: pd.DataFrame,
    cannot_links: pd.DataFrame,
    clustering: Clustering,
    values: pd.DataFrame = NO_VALUES,
    kinds: Kinds = NO_KINDS,
) -> Clusters:
    """Clusters of `nodes` (distinct ids) along `edges`, strongest first, within the limits.

    `edges` has left, right, weight (base 2) and is_certain: whether the edge holds on its own.
    Where it has verdict_seq, an edge with one above 0 is a person's word: it comes first, the
    newest of them before the others, and only a cannot-link stops it. `cannot_links` has left and
    right: no cluster ever holds both, and `kinds` says so of all nodes of two kinds. What has
    edges to two groups that must stay apart fits several: it joins neither, unless the edge
    `is_placed` where there is such a column. Two groups of two and more join over edges that are
    not certain only if there are at least two of them, and `clustering.bridge` times as many as
    the smaller group has members. `values` has node, limit (a place in `clustering.limits`),
    within and value, none of them null: what a node counts with there. An edge that was set aside
    is tried again when its groups have grown.
    """
    left, right = _positions(nodes, edges)
    bans = _bans(nodes, cannot_links, kinds)
    valued = pd.Index(nodes).get_indexer(values["node"])
    labels = _components(len(nodes), left, right)
    is_bridged = _bridged(labels, labels[left], edges)
    contested = _contested(labels, is_bridged, clustering)
    is_banned = _banned_components(labels, bans)
    contested |= is_banned
    contested[_exceeding(labels[valued], values, clustering)] = True
    chosen = np.flatnonzero(contested[labels[left]])
    order = chosen[_strongest_first(nodes, edges.iloc[chosen], left[chosen], right[chosen])]
    groups = _Groups(clustering, is_judged=bool((_said(edges)[order] > 0).any()))
    counted = order[(is_bridged | is_banned)[labels[left[order]]]]
    for one, other in zip(left[counted].tolist(), right[counted].tolist(), strict=True):
        groups.add_edge(one, other)
    groups.forbid(bans)
    at_stake = contested[labels[valued]]
    groups.add_values(valued[at_stake], values[at_stake])
    left_over = groups.join(_edges_in(order, left, right, edges))
    found = np.where(contested[labels], -1, labels)
    offset = int(labels.max(initial=-1)) + 1
    for node in np.flatnonzero(found < 0):
        found[node] = offset + groups.root(int(node))
    known = nodes.to_numpy()
    aside = edges.iloc[list(left_over)][["left", "right", "weight"]].assign(
        reason=[one.reason for one in left_over.values()],
        torn=pd.Series(
            [None if one.torn is None else known[one.torn] for one in left_over.values()],
            index=edges.index[list(left_over)],
            dtype=object,
        ),
    )
    return Clusters(pd.Series(pd.factorize(found)[0], index=nodes.index, name="cluster"), aside)


def spanning_edges(edges: Sequence[tuple[Hashable, Hashable]]) -> list[int]:
    """Places of the fewest `edges` that hold together what all of them do, the first first."""
    numbers: dict[Hashable, int] = {}
    groups = _Forest()
    holding = []
    for place, ends in enumerate(edges):
        one, other = (groups.root(numbers.setdefault(end, len(numbers))) for end in ends)
        if one != other:
            groups.merge(one, other)
            holding.append(place)
    return holding


def tell_reason(reason: str, clustering: Clustering) -> str:
    """Why an edge was set aside, in words."""
    if reason.startswith(TOO_MANY):
        [limit] = [one for one in clustering.limits if one.name == reason.removeprefix(TOO_MANY)]
        column = limit.column.replace("_", " ")
        within = f" within one {limit.within.replace('_', ' ')}" if limit.within else ""
        return f"together they would have over {limit.at_most} different values of {column}{within}"
    return {
        CANNOT_LINK: "it would join, through others, records that must stay apart",
        FITS_SEVERAL: "it fits several leads that must stay apart",
        CROWD_SHARES: "more people share what joins them than are told apart by name",
        THIN_BRIDGE: "all that joins two groups of records is too few edges, none of them certain",
        TOO_LARGE: f"together they would be over {clustering.largest} records",
    }[reason]


def _said(edges: pd.DataFrame) -> np.ndarray:
    """Per edge the sequence number of a person's verdict, 0 where it is none."""
    if "verdict_seq" not in edges:
        return np.zeros(len(edges), dtype=np.int64)
    said: np.ndarray = edges["verdict_seq"].to_numpy(np.int64)
    return said


def _strongest_first(
    nodes: pd.Series, edges: pd.DataFrame, left: np.ndarray, right: np.ndarray
) -> np.ndarray:
    """The order of `edges`: verdicts, then certain ones, then by weight, ties by their ends."""
    rank = np.empty(len(nodes), dtype=np.int64)
    rank[np.argsort(nodes.to_numpy(), kind="stable")] = np.arange(len(nodes))
    ends = np.sort(np.stack([rank[left], rank[right]]), axis=0)
    weight = edges["weight"].to_numpy(float).round(_WEIGHT_DIGITS)
    is_uncertain = ~edges["is_certain"].to_numpy(bool)
    return np.lexsort((ends[1], ends[0], -weight, is_uncertain, -_said(edges)))


def _edges_in(
    order: np.ndarray, left: np.ndarray, right: np.ndarray, edges: pd.DataFrame
) -> list[_Edge]:
    certain, said = edges["is_certain"].to_numpy(bool), _said(edges) > 0
    placed = edges["is_placed"].to_numpy(bool) if "is_placed" in edges else said
    flags = (certain[order], said[order], placed[order])
    columns = (order, left[order], right[order], *flags)
    return list(map(_Edge._make, zip(*(column.tolist() for column in columns), strict=True)))


def _bridged(labels: np.ndarray, edge_label: np.ndarray, edges: pd.DataFrame) -> np.ndarray:
    """Per component whether a bridge could be thin: two groups of two, and edges not certain."""
    count = int(labels.max(initial=-1)) + 1
    is_uncertain = ~edges["is_certain"].to_numpy(bool) & (_said(edges) == 0)
    uncertain = np.bincount(edge_label[is_uncertain], minlength=count)
    bridged: np.ndarray = (np.bincount(labels, minlength=count) >= 4) & (uncertain > 0)
    return bridged


def _contested(labels: np.ndarray, is_bridged: np.ndarray, clustering: Clustering) -> np.ndarray:
    """Per component whether a limit could apply in it; the others are clusters as they are."""
    size = np.bincount(labels, minlength=len(is_bridged))
    contested: np.ndarray = is_bridged | (size > clustering.largest)
    return contested


@dataclass(frozen=True)
class _Bans:
    """What must stay apart. `marks`: node and mark, one row each; `apart`: pairs of marks that no
    group holds both, and `is_said` whether by a person's word. A mark is a node's own number, or
    its kind's, counted on from there."""

    marks: np.ndarray
    apart: np.ndarray
    is_said: np.ndarray


def _bans(nodes: pd.Series, cannot_links: pd.DataFrame, kinds: Kinds) -> _Bans:
    between = np.array(_positions(nodes, cannot_links)).T
    said = np.zeros(len(between), dtype=bool)
    if "is_said" in cannot_links:
        said = cannot_links["is_said"].to_numpy(bool)
    is_two = between[:, 0] != between[:, 1]
    between, said = between[is_two], said[is_two]
    own = np.unique(between)
    of = kinds.of[kinds.of.isin(np.unique(kinds.apart.to_numpy()))]
    places = pd.Index(nodes).get_indexer(of.index)
    marks = np.concatenate(
        [np.stack([own, own], axis=1), np.stack([places, of.to_numpy() + len(nodes)], axis=1)]
    )
    apart = np.concatenate([between, kinds.apart[["left", "right"]].to_numpy(int) + len(nodes)])
    is_said = np.concatenate([said, np.zeros(len(kinds.apart), dtype=bool)])
    return _Bans(marks.astype(int), apart.astype(int), is_said)


def _banned_components(labels: np.ndarray, bans: _Bans) -> np.ndarray:
    """Per component whether it holds what must stay apart."""
    held = pd.DataFrame({"mark": bans.marks[:, 1], "component": labels[bans.marks[:, 0]]})
    held = held.drop_duplicates()
    apart = pd.DataFrame(bans.apart, columns=["left", "right"])
    ends = apart.merge(held, left_on="left", right_on="mark").merge(
        held, left_on=["right", "component"], right_on=["mark", "component"]
    )
    banned = np.zeros(int(labels.max(initial=-1)) + 1, dtype=bool)
    banned[ends["component"].to_numpy(int)] = True
    return banned


def _exceeding(
    labels: np.ndarray, values: pd.DataFrame, clustering: Clustering
) -> "pd.Series[int]":
    """The components that hold more values than a limit allows."""
    counted = values.assign(label=labels).groupby(["label", "limit", "within"])["value"].nunique()
    held = counted.rename("held").reset_index()
    at_most = held["limit"].map(dict(enumerate(limit.at_most for limit in clustering.limits)))
    return held.loc[held["held"] > at_most, "label"]


class _Forest:
    """Groups of nodes that grow together, with the number of edges between any two of them."""

    def __init__(self) -> None:
        self._parent: dict[int, int] = {}
        self._size: dict[int, int] = {}
        self._edges: dict[int, dict[int, int]] = {}

    def root(self, node: int) -> int:
        """The node that stands for the group of `node`."""
        parent = self._parent.setdefault(node, node)
        while parent != self._parent[parent]:
            parent = self._parent[node] = self._parent[parent]
        return parent

    def size(self, root: int) -> int:
        """How many nodes a group has."""
        return self._size.get(root, 1)

    def between(self, one: int, other: int) -> int:
        """How many edges there are between two groups, each named by its root."""
        return self._edges.get(one, {}).get(other, 0)

    def neighbours(self, root: int) -> Iterable[int]:
        """The groups that edges tie to this one, each named by its root."""
        return self._edges.get(root, ())

    def add_edge(self, left: int, right: int) -> None:
        """Counts an edge between two nodes that are still alone."""
        for one, other in ((left, right), (right, left)):
            counted = self._edges.setdefault(one, {})
            counted[other] = counted.get(other, 0) + 1

    def merge(self, one: int, other: int) -> tuple[int, int]:
        """Makes one group of two; the root that stays, and the one that does not any more."""
        if len(self._edges.get(one, ())) < len(self._edges.get(other, ())):
            one, other = other, one
        self._parent[other] = one
        self._size[one] = self.size(one) + self.size(other)
        kept = self._edges.setdefault(one, {})
        kept.pop(other, None)
        for third, count in self._edges.pop(other, {}).items():
            if third != one:
                kept[third] = kept.get(third, 0) + count
                self._edges[third].pop(other)
                self._edges[third][one] = kept[third]
        return one, other


class _Objection(NamedTuple):
    """Why an edge is not followed; `torn`: its end that fits several."""

    reason: str
    torn: int | None = None


class _Groups:
    """Groups while they grow, with the bans between them and the values they hold.

    `_shown` are the groups by evidence alone. A bridge that is not thin there is none: otherwise a
    person who says `same` of a record would part it from those it hangs on by one edge.
    """

    def __init__(self, clustering: Clustering, *, is_judged: bool) -> None:
        self._clustering = clustering
        self._whole = _Forest()
        self._shown = _Forest() if is_judged else self._whole
        self._marks: dict[int, set[int]] = {}
        self._banned: dict[int, set[int]] = {}
        self._spoken: dict[int, set[int]] = {}
        self._values: dict[int, dict[tuple[int, str], set[str]]] = {}

    def root(self, node: int) -> int:
        """The node that stands for the group of `node`."""
        return self._whole.root(node)

    def add_edge(self, left: int, right: int) -> None:
        """Counts an edge between two nodes that are still alone."""
        for forest in self._forests():
            forest.add_edge(left, right)

    def forbid(self, bans: _Bans) -> None:
        """Keeps nodes apart for good that are still alone."""
        for node, mark in bans.marks.tolist():
            self._marks.setdefault(node, set()).add(mark)
        for banned, apart in (
            (self._banned, bans.apart),
            (self._spoken, bans.apart[~bans.is_said]),
        ):
            against: dict[int, set[int]] = {}
            for one, other in apart.tolist():
                against.setdefault(one, set()).add(other)
                against.setdefault(other, set()).add(one)
            for node, mark in bans.marks.tolist():
                banned.setdefault(node, set()).update(against.get(mark, ()))

    def add_values(self, nodes: np.ndarray, values: pd.DataFrame) -> None:
        """Counts the values of nodes that are still alone; one row per node of `nodes`."""
        columns = (values[name].tolist() for name in ("limit", "within", "value"))
        for node, limit, within, value in zip(nodes.tolist(), *columns, strict=True):
            held = self._values.setdefault(node, {})
            held.setdefault((int(limit), within), set()).add(value)

    def join(self, edges: list[_Edge]) -> dict[int, _Objection]:
        """Follows the edges in order, over again while groups grow.

        Returns by place why those left over were not followed.
        """
        while True:
            left_over: dict[int, _Objection] = {}
            waiting = []
            for edge in edges:
                if self.root(edge.left) == self.root(edge.right):
                    continue
                if objection := self._objection(edge):
                    left_over[edge.place] = objection
                    waiting.append(edge)
                else:
                    self._follow(edge)
            if len(waiting) == len(edges):
                return left_over
            edges = waiting

    def _objection(self, edge: _Edge) -> _Objection | None:
        one, other = self.root(edge.left), self.root(edge.right)
        if self._is_apart(self._banned, one, other):
            return _Objection(CANNOT_LINK)
        if edge.is_said:
            return None
        for end, joined in ((edge.left, other), (edge.right, one)):
            if not edge.is_placed and self._fits_another(self.root(end), joined):
                return _Objection(FITS_SEVERAL, end)
        if self._whole.size(one) + self._whole.size(other) > self._clustering.largest:
            return _Objection(TOO_LARGE)
        if exceeded := self._exceeded(one, other):
            return _Objection(TOO_MANY + exceeded)
        if edge.is_certain:
            return None
        is_thin = all(self._is_thin(forest, edge) for forest in self._forests())
        return _Objection(THIN_BRIDGE) if is_thin else None

    def _is_apart(self, banned: dict[int, set[int]], one: int, other: int) -> bool:
        against, marks = banned.get(one), self._marks.get(other)
        return bool(against and marks and not against.isdisjoint(marks))

    def _fits_another(self, one: int, other: int) -> bool:
        """Whether the group `one` has edges to a third that guards keep apart from `other`.

        Where people part two, those in between go by the evidence.
        """
        if not self._spoken.get(other):
            return False
        return any(
            third != other
            and self._is_apart(self._spoken, other, third)
            and not self._is_apart(self._banned, one, third)
            for third in self._whole.neighbours(one)
        )

    def _forests(self) -> tuple[_Forest, ...]:
        """Those that differ: without a person's word there is one."""
        return (self._whole,) if self._shown is self._whole else (self._whole, self._shown)

    def _is_thin(self, forest: _Forest, edge: _Edge) -> bool:
        one, other = forest.root(edge.left), forest.root(edge.right)
        smaller = min(forest.size(one), forest.size(other))
        needed = max(2, self._clustering.bridge * smaller)
        return smaller > 1 and forest.between(one, other) < needed

    def _exceeded(self, one: int, other: int) -> str | None:
        """The first limit that both together exceed, and neither does as far on its own."""
        held, added = self._values.get(one, {}), self._values.get(other, {})
        for (number, within), some in sorted(held.items()):
            more = added.get((number, within), set())
            limit = self._clustering.limits[number]
            if len(some | more) > max(limit.at_most, len(some), len(more)):
                return limit.name
        return None

    def _follow(self, edge: _Edge) -> None:
        one, other = self._whole.merge(self.root(edge.left), self.root(edge.right))
        if self._shown is not self._whole and not edge.is_said:
            self._shown.merge(self._shown.root(edge.left), self._shown.root(edge.right))
        for held in (self._marks, self._banned, self._spoken):
            if gone := held.pop(other, None):
                held.setdefault(one, set()).update(gone)
        for key, some in self._values.pop(other, {}).items():
            self._values.setdefault(one, {}).setdefault(key, set()).update(some)


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
