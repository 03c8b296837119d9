"""Which company records are one account, given the pairs that say so and what people say.

A function of its arguments alone: the order in which records or pairs arrive is no argument.
Finding pairs is pairs.py's, ids and storage are assignment.py's.
"""

from collections import defaultdict
from dataclasses import dataclass
from itertools import combinations

import pandas as pd

from lead_platform.identity.engine.clusters import (
    Clusters,
    cluster_records,
    label_clusters,
)
from lead_platform.identity.engine.specification import CANNOT_LINK, Clustering
from lead_platform.identity.judgement.verdicts import DIFFERENT, SAME

SEVERAL_ACCOUNTS = "several_accounts"
GUARDS_APART = "guards_apart"
NO_APART = pd.DataFrame({"left": [], "right": []}, dtype=object)
NO_VERDICTS = pd.DataFrame(
    {"left": [], "right": [], "verdict": [], "verdict_seq": []}, dtype=object
)


def cluster_companies(
    records: pd.DataFrame,
    edges: pd.DataFrame,
    clustering: Clustering,
    verdicts: pd.DataFrame = NO_VERDICTS,
    apart: pd.DataFrame = NO_APART,
) -> Clusters:
    """A number per row of `records`, and the edges that were not followed.

    `records` has record_id (distinct), company_domain and country, null where not stated, and
    stated_id: what says the same has one (see account_verdicts.stated_id_sql). `edges` has left,
    right, weight and is_certain; `verdicts` left, right (records), verdict and verdict_seq, of
    which the newest of two stated companies counts; `apart` left and right: records that a guard
    keeps apart.

    Records of one domain are one account. A record without a domain may be meant for any company
    of its name, so records are placed in the order of what they tell: those with a domain, then
    those with a country, then names alone. What hangs together among the less telling joins an
    account of the more telling only if there is just one to join; otherwise it stands alone and
    its edges are set aside (reason `several_accounts`).

    What people say to be the same is one from the start. No account ever holds both of what they
    say is different. Where that takes a domain apart, what was taken out (the right one of the
    verdict) leaves, everything else of the domain stays, also what is received later. Where it
    parts what hangs together, those who are kept apart are placed first; of the others, what could
    be meant for either joins neither. So it is with what guards keep apart, unless something else
    of the two joins them by itself, or people say that they are the same.
    """
    nodes = records["record_id"].where(
        records["company_domain"].isna(), "domain " + records["company_domain"].fillna("")
    )
    heard = _hear(records, nodes, _said(records, verdicts))
    if heard:
        nodes = nodes.where(~records["stated_id"].isin(heard.taken_out), records["stated_id"])
    rank = records["company_domain"].isna().astype(int) * (
        1 + records["country"].isna().astype(int)
    )
    node_of = pd.Series(nodes.to_numpy(), index=records["record_id"])
    between = edges.assign(
        left=edges["left"].map(node_of).to_numpy(dtype=object),
        right=edges["right"].map(node_of).to_numpy(dtype=object),
    )
    ranks = pd.Series(2 * rank.to_numpy() + 1, index=nodes)
    ranks = ranks[~ranks.index.duplicated()]
    placed = between.iloc[:0]
    if heard:
        between = pd.concat([between, _within_domains(records, heard.taken_out)])
        nodes = nodes.map(heard.held)
        between, placed, ranks = _joined(between, ranks, heard.held)
    cannot_links = heard.cannot_links if heard else []
    between = between[between["left"] != between["right"]]
    node_of = pd.Series(nodes.to_numpy(), index=records["record_id"])
    guarded = _guarded(apart, node_of, between)
    if cannot_links or guarded:
        ranks[_contested(ranks, between, [*cannot_links, *guarded])] -= 1
    placing = _Placing(between, clustering, cannot_links, guarded)
    for level in sorted(ranks.unique()):
        placing.place(level, ranks)
    labels = placing.labels
    numbers = pd.Series(
        pd.factorize(nodes.map(labels))[0], index=records.index, name="cluster", dtype="int64"
    )
    set_aside = {edge: why for edge, why in placing.set_aside.items() if edge != _DOMAIN}
    is_aside = placed["left"].map(labels) != placed["right"].map(labels)
    set_aside |= dict.fromkeys(placed.index[is_aside], SEVERAL_ACCOUNTS)
    aside = edges.loc[list(set_aside), ["left", "right", "weight"]].assign(
        reason=list(set_aside.values())
    )
    return Clusters(numbers, aside)


def _guarded(
    apart: pd.DataFrame, node_of: pd.Series, between: pd.DataFrame
) -> list[tuple[str, str]]:
    """The pairs of nodes that guards keep apart and no edge joins."""
    ends = pd.DataFrame({end: apart[end].map(node_of) for end in ("left", "right")}).dropna()
    found = {(min(pair), max(pair)) for pair in zip(ends["left"], ends["right"], strict=True)}
    joined = {(min(p), max(p)) for p in zip(between["left"], between["right"], strict=True)}
    return sorted(pair for pair in found - joined if pair[0] != pair[1])


# The index of edges that are no pair: two stated companies that were taken out of one domain.
_DOMAIN = -1


def _said(records: pd.DataFrame, verdicts: pd.DataFrame) -> pd.DataFrame:
    """The verdict that counts of every two stated companies, left and right as it was said."""
    if verdicts.empty:
        return verdicts
    stated = pd.Series(records["stated_id"].to_numpy(), index=records["record_id"])
    said = verdicts.assign(left=verdicts["left"].map(stated), right=verdicts["right"].map(stated))
    said = said[said["left"] != said["right"]].dropna(subset=["left", "right"])
    newest = said.sort_values("verdict_seq")
    ends = pd.DataFrame(
        {
            "one": newest[["left", "right"]].min(axis=1),
            "other": newest[["left", "right"]].max(axis=1),
        }
    )
    newest = newest[~ends.duplicated(keep="last")]
    return newest[newest["verdict"].isin([SAME, DIFFERENT])]


@dataclass(frozen=True)
class _Heard:
    """What people's word makes of the nodes.

    `taken_out`: stated companies that are nodes of their own, not their domain's. `held`: by node
    the one that stands for all that is said to be the same; `cannot_links` are between those.
    """

    taken_out: set[str]
    held: dict[str, str]
    cannot_links: list[tuple[str, str]]


def _hear(records: pd.DataFrame, nodes: pd.Series, said: pd.DataFrame) -> _Heard | None:
    """Nothing where nothing is said that counts; `nodes` are the records' by domain alone."""
    if said.empty:
        return None
    node_of = dict(zip(records["stated_id"], nodes, strict=True))
    domain_of = dict(zip(records["stated_id"], records["company_domain"], strict=True))
    same, apart = (said[said["verdict"] == verdict] for verdict in (SAME, DIFFERENT))
    itself = {name: name for name in node_of}
    meant: dict[str, set[str]] = defaultdict(set)
    for name, one in _held(itself, same).items():
        meant[one].add(name)
    alike = {name: names for names in meant.values() for name in names}
    taken_out: set[str] = set()
    while True:
        held = _held(node_of, same)
        ends = [
            (left, right, held[node_of[left]], held[node_of[right]])
            for left, right in zip(apart["left"], apart["right"], strict=True)
        ]
        torn: set[str] = set()
        for left, right, one, other in ends:
            if one == other and alike[left] is not alike[right]:
                torn |= _torn(left, alike[right], domain_of, taken_out)
        if not torn:
            pairs = [{one, other} for *_, one, other in ends if one != other]
            return _Heard(taken_out, held, sorted({(min(pair), max(pair)) for pair in pairs}))
        taken_out |= torn
        node_of |= {name: name for name in torn}


def _torn(
    left: str, right: set[str], domain_of: dict[str, str | None], taken_out: set[str]
) -> set[str]:
    """The stated companies to take out of their domains, so that `left` is apart from `right`.

    `right` is all that people say is the same: what of it is under the domain of `left`, or under
    any where none is; else `left`.
    """
    under = {name for name in right if isinstance(domain_of[name], str)} - taken_out
    shared = {name for name in under if domain_of[name] == domain_of[left]}
    itself = {left} if isinstance(domain_of[left], str) else set()
    return shared or under or itself - taken_out


def _held(node_of: dict[str, str], same: pd.DataFrame) -> dict[str, str]:
    """By node the one that stands for all that people say is the same."""
    nodes = pd.Series(sorted(set(node_of.values())), dtype=object)
    ends = pd.DataFrame({"left": same["left"].map(node_of), "right": same["right"].map(node_of)})
    labels = label_clusters(nodes, ends)
    return dict(zip(nodes, nodes.groupby(labels).transform("first"), strict=True))


def _joined(
    edges: pd.DataFrame, ranks: pd.Series, held: dict[str, str]
) -> tuple[pd.DataFrame, pd.DataFrame, pd.Series]:
    """Edges and ranks of what is held to be the same; and the edges that have lost their meaning.

    A record that people have placed with what tells more is not to be placed any more, so what it
    could be meant for by its name alone joins nothing: it would join all that bear the name.
    """
    ends = ["left", "right"]
    joined = edges.assign(**{end: edges[end].map(held) for end in ends})
    ranked = ranks.groupby(ranks.index.map(held), sort=False).min()
    before = pd.DataFrame({end: edges[end].map(ranks) for end in ends})
    after = pd.DataFrame({end: joined[end].map(ranked) for end in ends})
    less_telling = before.eq(before.max(axis=1), axis=0)
    is_meant = (less_telling & after.eq(before)).any(axis=1)
    return joined[is_meant], joined[~is_meant], ranked


def _within_domains(records: pd.DataFrame, taken_out: set[str]) -> pd.DataFrame:
    """Edges between stated companies taken out of one domain: they still share it."""
    out = records[records["stated_id"].isin(taken_out)].drop_duplicates("stated_id")
    pairs = [
        pair
        for _, names in out.groupby("company_domain")["stated_id"]
        for pair in combinations(sorted(names), 2)
    ]
    found = pd.DataFrame(pairs, columns=["left", "right"], dtype=object)
    return found.assign(weight=0.0, is_certain=True).set_axis([_DOMAIN] * len(found))


def _contested(
    ranks: pd.Series, edges: pd.DataFrame, cannot_links: list[tuple[str, str]]
) -> list[str]:
    """The nodes that are kept apart from others they hang together with."""
    known = pd.Series(ranks.index, dtype=object)
    labels = label_clusters(known, edges[["left", "right"]])
    component = dict(zip(known, labels, strict=True))
    apart = [pair for pair in cannot_links if component[pair[0]] == component[pair[1]]]
    return sorted({node for pair in apart for node in pair})


class _Placing:
    """Nodes placed level by level: `labels` has by node the one that stands for its account."""

    def __init__(
        self,
        edges: pd.DataFrame,
        clustering: Clustering,
        cannot_links: list[tuple[str, str]],
        guarded: list[tuple[str, str]],
    ) -> None:
        self.labels: dict[str, str] = {}
        self.set_aside: dict[object, str] = {}
        self._edges = edges
        self._clustering = clustering
        self._cannot_links = pd.DataFrame(
            [*cannot_links, *guarded], columns=["left", "right"], dtype=object
        ).assign(is_said=[True] * len(cannot_links) + [False] * len(guarded))
        self._told = _both_ways(cannot_links)
        self._apart = _both_ways([*cannot_links, *guarded])

    def place(self, level: int, ranks: pd.Series) -> None:
        """Adds the nodes of one level to `labels`; all before it are there."""
        left, right = self._edges["left"].map(ranks), self._edges["right"].map(ranks)
        group = self._together(level, ranks, self._edges[(left == level) & (right == level)])
        inward = ((left == level) & (right < level)) | ((right == level) & (left < level))
        outer = self._edges[inward]
        own = outer["left"].where(left[inward] == level, outer["right"]).map(group)
        other = outer["right"].where(left[inward] == level, outer["left"]).map(self.labels)
        targets = other.groupby(own).agg(["nunique", "first"])
        single = targets.loc[targets["nunique"] == 1, "first"]
        only = dict(zip(single.index.tolist(), single.tolist(), strict=True))
        members: dict[int, list[str]] = defaultdict(list)
        for node, number in group.items():
            members[number].append(node)
        banned = self._banned(only, members, self._apart) if self._apart else set()
        told = self._banned(only, members, self._told) if banned else set()
        for edge, number in zip(outer.index, own, strict=True):
            if number not in only:
                self.set_aside[edge] = SEVERAL_ACCOUNTS
            elif number in banned:
                self.set_aside[edge] = CANNOT_LINK if number in told else GUARDS_APART
        for number, nodes in members.items():
            home = only[number] if number in only and number not in banned else nodes[0]
            self.labels.update(dict.fromkeys(nodes, home))

    def _together(self, level: int, ranks: pd.Series, inner: pd.DataFrame) -> dict[str, int]:
        """What one level holds together: the group of each of its nodes."""
        nodes = pd.Series(ranks.index[ranks == level], dtype=object)
        known = set(nodes)
        links = self._cannot_links
        links = links[links["left"].isin(known) & links["right"].isin(known)]
        found = cluster_records(nodes, inner, links, self._clustering)
        group = dict(zip(nodes, found.labels.tolist(), strict=True))
        reasons = {
            frozenset((one.left, one.right)): str(one.reason)
            for one in found.set_aside.itertuples(index=False)
        }
        joined = inner["left"].map(group) == inner["right"].map(group)
        for edge in inner[~joined].itertuples():
            reason = reasons[frozenset((edge.left, edge.right))]
            if reason == CANNOT_LINK and not self._is_told(group, edge.left, edge.right):
                reason = GUARDS_APART
            self.set_aside[edge.Index] = reason
        return group

    def _is_told(self, group: dict[str, int], left: object, right: object) -> bool:
        """Whether people keep somebody in the group of the one apart from one in the other's."""
        if not self._told:
            return False
        one, other = group[str(left)], group[str(right)]
        return any(
            group.get(apart) == other
            for node, number in group.items()
            if number == one
            for apart in self._told.get(node, ())
        )

    def _banned(
        self, only: dict[int, str], members: dict[int, list[str]], apart: dict[str, set[str]]
    ) -> set[int]:
        """The groups that must not join the one account they could.

        They are kept apart from somebody in it, or from another group that may join it.
        """
        banned = {
            number
            for number, home in only.items()
            for node in members[number]
            if any(self.labels.get(other) == home for other in apart.get(node, ()))
        }
        joining = {
            node: number for number in only if number not in banned for node in members[number]
        }
        return banned | {
            number
            for node, number in joining.items()
            for other in apart.get(node, ())
            if other in joining and only[joining[other]] == only[number]
        }


def _both_ways(pairs: list[tuple[str, str]]) -> dict[str, set[str]]:
    """By node those it is paired with."""
    found: dict[str, set[str]] = defaultdict(set)
    for one, other in pairs:
        found[one].add(other)
        found[other].add(one)
    return found
