"""Which company records are one account, given the pairs that say so.

A function of its arguments alone: the order in which records or pairs arrive is no argument.
Finding pairs is pairs.py's, ids and storage are accounts.py's.
"""

import pandas as pd

from lead_platform.identity.clusters import NO_LINKS, Clusters, cluster_records
from lead_platform.identity.specification import Clustering

SEVERAL_ACCOUNTS = "several_accounts"


def cluster_companies(
    records: pd.DataFrame, edges: pd.DataFrame, clustering: Clustering
) -> Clusters:
    """A number per row of `records`, and the edges that were not followed.

    `records` has record_id (distinct), company_domain and country, null where not stated; `edges`
    has left, right, weight and is_certain. Records of one domain are one account. A record without
    a domain may be meant for any company of its name, so records are placed in the order of what
    they tell: those with a domain, then those with a country, then names alone. What hangs together
    among the less telling joins an account of the more telling only if there is just one to join;
    otherwise it stands alone and its edges are set aside (reason `several_accounts`).
    """
    nodes = records["record_id"].where(
        records["company_domain"].isna(), "domain " + records["company_domain"].fillna("")
    )
    rank = records["company_domain"].isna().astype(int) * (
        1 + records["country"].isna().astype(int)
    )
    node_of = pd.Series(nodes.to_numpy(), index=records["record_id"])
    ranks = pd.Series(rank.to_numpy(), index=nodes)
    ranks = ranks[~ranks.index.duplicated()]
    ends = pd.DataFrame(
        {
            "left": edges["left"].map(node_of).to_numpy(dtype=object),
            "right": edges["right"].map(node_of).to_numpy(dtype=object),
        },
        index=edges.index,
    )
    between = edges.assign(left=ends["left"], right=ends["right"])
    between = between[between["left"] != between["right"]]
    labels: dict[str, str] = {}
    set_aside: dict[object, str] = {}
    for level in (0, 1, 2):
        _place(level, ranks, between, clustering, labels, set_aside)
    numbers = pd.Series(
        pd.factorize(nodes.map(labels))[0], index=records.index, name="cluster", dtype="int64"
    )
    aside = edges.loc[list(set_aside), ["left", "right", "weight"]].assign(
        reason=list(set_aside.values())
    )
    return Clusters(numbers, aside)


def _place(
    level: int,
    ranks: pd.Series,
    edges: pd.DataFrame,
    clustering: Clustering,
    labels: dict[str, str],
    set_aside: dict[object, str],
) -> None:
    """Adds the nodes of one level to `labels` (a node that stands for its account, by node)."""
    nodes = pd.Series(ranks.index[ranks == level], dtype=object)
    left, right = edges["left"].map(ranks), edges["right"].map(ranks)
    inner = edges[(left == level) & (right == level)]
    found = cluster_records(nodes, inner, NO_LINKS, clustering)
    group = dict(zip(nodes, found.labels, strict=True))
    joined = inner["left"].map(group) == inner["right"].map(group)
    reasons = {
        frozenset((one.left, one.right)): str(one.reason)
        for one in found.set_aside.itertuples(index=False)
    }
    for edge in inner[~joined].itertuples():
        set_aside[edge.Index] = reasons[frozenset((edge.left, edge.right))]
    outer = edges[((left == level) & (right < level)) | ((right == level) & (left < level))]
    own = outer["left"].where(left.loc[outer.index] == level, outer["right"]).map(group)
    other = outer["right"].where(left.loc[outer.index] == level, outer["left"]).map(labels)
    targets = other.groupby(own).agg(["nunique", "first"])
    home = targets.loc[targets["nunique"] == 1, "first"].to_dict()
    for edge in outer.index[~own.isin(list(home))]:
        set_aside[edge] = SEVERAL_ACCOUNTS
    first = nodes.groupby(found.labels.to_numpy()).first().to_dict()
    for node, number in group.items():
        labels[str(node)] = home.get(number, str(first[number]))
