import itertools
import random

import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lead_platform.identity.clusters import (
    CANNOT_LINK,
    THIN_BRIDGE,
    TOO_LARGE,
    Clusters,
    cluster_records,
)
from lead_platform.identity.specification import Clustering


def edges(*rows: tuple, is_certain: bool = False) -> pd.DataFrame:
    """Rows are two nodes and a weight, or a text such as "ab" at weight 10."""
    full = [(*row, 10.0) if isinstance(row, str) else row for row in rows]
    frame = pd.DataFrame(full, columns=["left", "right", "weight"])
    return frame.assign(is_certain=is_certain)


def links(*pairs: str) -> pd.DataFrame:
    return pd.DataFrame([tuple(pair) for pair in pairs], columns=["left", "right"], dtype=object)


def groups(nodes: str, found: Clusters) -> set[str]:
    labels = found.labels.tolist()
    return {
        "".join(n for n, own in zip(nodes, labels, strict=True) if own == one) for one in labels
    }


def cluster(nodes: str, given_edges, apart=(), **limits) -> Clusters:
    return cluster_records(pd.Series(list(nodes)), given_edges, links(*apart), Clustering(**limits))


TRIANGLES = ("ab", "bc", "ac", "de", "ef", "df")


def test_a_thin_bridge_between_two_groups_is_set_aside():
    found = cluster("abcdef", edges(*TRIANGLES, ("c", "d", 5.0)))
    assert groups("abcdef", found) == {"abc", "def"}
    assert found.set_aside.to_dict("records") == [
        {"left": "c", "right": "d", "weight": 5.0, "reason": THIN_BRIDGE}
    ]


def test_as_many_bridges_as_the_smaller_group_has_members_join_it():
    found = cluster("abcdef", edges(*TRIANGLES, ("c", "d", 5.0), ("b", "e", 5.0), ("a", "f", 5.0)))
    assert groups("abcdef", found) == {"abcdef"}
    assert found.set_aside.empty


def test_a_certain_edge_needs_no_company():
    given_edges = pd.concat([edges(*TRIANGLES), edges(("c", "d", 5.0), is_certain=True)])
    assert groups("abcdef", cluster("abcdef", given_edges.reset_index(drop=True))) == {"abcdef"}


def test_a_single_record_joins_a_group_over_one_edge():
    assert groups("abcd", cluster("abcd", edges("ab", "bc", "ac", "cd"))) == {"abcd"}


def test_a_cannot_link_is_never_overruled():
    given_edges = pd.concat([edges("ab"), edges("bc", is_certain=True)]).reset_index(drop=True)
    found = cluster("abc", given_edges, apart=["ac"])
    assert groups("abc", found) == {"a", "bc"}
    assert found.set_aside["reason"].tolist() == [CANNOT_LINK]


def test_clusters_stay_within_the_limit():
    chain = edges(*["".join(pair) for pair in itertools.pairwise("abcdefgh")])
    found = cluster("abcdefgh", chain, largest=3)
    assert max(map(len, groups("abcdefgh", found))) <= 3
    assert TOO_LARGE in set(found.set_aside["reason"])


def test_an_unknown_edge_end_is_named():
    with pytest.raises(ValueError, match="1 edge ends are not among the 2 nodes"):
        cluster("ab", edges("az"))


NODES = "abcdefghij"


@settings(deadline=None)
@given(
    st.sets(st.tuples(st.sampled_from(NODES), st.sampled_from(NODES), st.integers(5, 8))),
    st.sets(st.tuples(st.sampled_from(NODES), st.sampled_from(NODES)), max_size=4),
    st.randoms(use_true_random=False),
)
def test_order_and_direction_do_not_matter(drawn, apart, shuffler: random.Random):
    by_pair = {tuple(sorted((a, b))): (a, b, float(w)) for a, b, w in sorted(drawn) if a != b}
    apart = sorted("".join(pair) for pair in apart if pair[0] != pair[1])
    rows = list(by_pair.values())
    turned = [(b, a, w) if shuffler.random() < 0.5 else (a, b, w) for a, b, w in rows]
    shuffler.shuffle(turned)
    nodes = list(NODES)
    shuffler.shuffle(nodes)
    one = cluster(NODES, edges(*rows), apart, largest=6)
    other = cluster("".join(nodes), edges(*turned), apart[::-1], largest=6)
    assert {frozenset(g) for g in groups(NODES, one)} == {
        frozenset(g) for g in groups("".join(nodes), other)
    }
    for pair in apart:
        assert not any(set(pair) <= set(group) for group in groups(NODES, one))
