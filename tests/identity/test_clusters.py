import itertools
import random

import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lead_platform.identity.engine.clusters import (
    CANNOT_LINK,
    FITS_SEVERAL,
    NO_VALUES,
    THIN_BRIDGE,
    TOO_LARGE,
    TOO_MANY,
    Clusters,
    Kinds,
    cluster_records,
    spanning_edges,
    tell_reason,
)
from lead_platform.identity.engine.specification import Clustering


def edges(*rows: tuple, is_certain: bool = False, verdict_seq: int = 0) -> pd.DataFrame:
    """Rows are two nodes and a weight, or a text such as "ab" at weight 10."""
    full = [(*row, 10.0) if isinstance(row, str) else row for row in rows]
    frame = pd.DataFrame(full, columns=["left", "right", "weight"])
    return frame.assign(is_certain=is_certain, verdict_seq=verdict_seq)


def together(*frames: pd.DataFrame) -> pd.DataFrame:
    return pd.concat(frames, ignore_index=True)


def links(*pairs: str) -> pd.DataFrame:
    return pd.DataFrame([tuple(pair) for pair in pairs], columns=["left", "right"], dtype=object)


def groups(nodes: str, found: Clusters) -> set[str]:
    labels = found.labels.tolist()
    return {
        "".join(n for n, own in zip(nodes, labels, strict=True) if own == one) for one in labels
    }


def cluster(nodes: str, given_edges, apart=(), values=NO_VALUES, **limits) -> Clusters:
    return cluster_records(
        pd.Series(list(nodes)), given_edges, links(*apart), Clustering(**limits), values
    )


def values(**held: str) -> pd.DataFrame:
    """What nodes count with under the first limit: `a="x1"` is value 1 within x."""
    rows = [(node, 0, text[0], text[1]) for node, text in held.items()]
    return pd.DataFrame(rows, columns=["node", "limit", "within", "value"])


TRIANGLES = ("ab", "bc", "ac", "de", "ef", "df")


def test_a_thin_bridge_between_two_groups_is_set_aside():
    found = cluster("abcdef", edges(*TRIANGLES, ("c", "d", 5.0)))
    assert groups("abcdef", found) == {"abc", "def"}
    assert found.set_aside.to_dict("records") == [
        {"left": "c", "right": "d", "weight": 5.0, "reason": THIN_BRIDGE, "torn": None}
    ]


def test_as_many_bridges_as_the_smaller_group_has_members_join_it():
    found = cluster("abcdef", edges(*TRIANGLES, ("c", "d", 5.0), ("b", "e", 5.0), ("a", "f", 5.0)))
    assert groups("abcdef", found) == {"abcdef"}
    assert found.set_aside.empty


def test_a_certain_edge_needs_no_company():
    given_edges = together(edges(*TRIANGLES), edges(("c", "d", 5.0), is_certain=True))
    assert groups("abcdef", cluster("abcdef", given_edges)) == {"abcdef"}


def test_a_single_record_joins_a_group_over_one_edge():
    assert groups("abcd", cluster("abcd", edges("ab", "bc", "ac", "cd"))) == {"abcd"}


def test_a_cannot_link_is_never_overruled():
    given_edges = together(edges("ab"), edges("bc", verdict_seq=1))
    found = cluster("abc", given_edges, apart=["ac"])
    assert groups("abc", found) == {"a", "bc"}
    assert found.set_aside["reason"].tolist() == [CANNOT_LINK]


def test_what_fits_two_that_must_stay_apart_joins_neither():
    """However strong the one edge is beside the other."""
    given_edges = together(edges("ab", "ad"), edges("bc", is_certain=True))
    found = cluster("abcd", given_edges, apart=["ac"])
    assert groups("abcd", found) == {"ad", "b", "c"}
    aside = found.set_aside
    assert set(aside["reason"]) == {FITS_SEVERAL}
    assert set(aside["torn"]) == {"b"}


def test_kinds_are_kept_apart_whoever_is_of_them():
    """Two of each kind, and between them one that has none."""
    given_edges = edges("ab", "cd", "ae", "be", "ce", "de", is_certain=True)
    kinds = Kinds(
        pd.Series({"a": 0, "b": 0, "c": 1, "d": 1}), pd.DataFrame({"left": [0], "right": [1]})
    )
    found = cluster_records(
        pd.Series(list("abcde")), given_edges, links(), Clustering(), NO_VALUES, kinds
    )
    assert groups("abcde", found) == {"ab", "cd", "e"}


def test_clusters_stay_within_the_limit():
    chain = edges(*["".join(pair) for pair in itertools.pairwise("abcdefgh")])
    found = cluster("abcdefgh", chain, largest=3)
    assert max(map(len, groups("abcdefgh", found))) <= 3
    assert TOO_LARGE in set(found.set_aside["reason"])


def test_a_person_overrules_all_but_a_cannot_link():
    said = edges("cd", verdict_seq=1)
    assert groups("abcdef", cluster("abcdef", together(edges(*TRIANGLES), said))) == {"abcdef"}
    judged = together(edges("ab", is_certain=True), edges("bc", "cd", verdict_seq=1))
    found = cluster("abcd", judged, largest=2)
    assert groups("abcd", found) == {"a", "bcd"}, "what people joined is over the limit already"
    found = cluster("abcd", together(edges("ab", is_certain=True), edges("bc", verdict_seq=2),
                                     edges("cd", verdict_seq=1)), apart=["bd"])  # fmt: skip
    assert groups("abcd", found) == {"abc", "d"}, "the newest word first"


def test_a_person_who_says_same_parts_nothing_that_hangs_on_one_edge():
    """A record judged first was no longer alone, and its own group out of reach over one edge."""
    given_edges = edges(("a", "b", 9.0), ("b", "c", 5.0), ("d", "e", 9.0))
    assert groups("abcde", cluster("abcde", given_edges)) == {"abc", "de"}
    said = together(given_edges, edges("cd", verdict_seq=1))
    assert groups("abcde", cluster("abcde", said)) == {"abcde"}


LIMIT = {"name": "boxes", "column": "mailbox", "within": "domain", "at_most": 2}


def test_no_cluster_holds_more_values_than_a_limit_allows():
    chain = together(edges("ab", "bc", is_certain=True), edges(("c", "d", 5.0), is_certain=True))
    held = values(a="x1", b="x2", c="y3", d="x4")
    found = cluster("abcd", chain, values=held, limits=[LIMIT])
    assert groups("abcd", found) == {"abc", "d"}
    assert found.set_aside["reason"].tolist() == [TOO_MANY + "boxes"]
    told = tell_reason(TOO_MANY + "boxes", Clustering(limits=[LIMIT]))
    assert told == "together they would have over 2 different values of mailbox within one domain"
    equal = values(a="x1", b="x2", c="x1", d="x2")
    assert groups("abcd", cluster("abcd", chain, values=equal, limits=[LIMIT])) == {"abcd"}


def test_spanning_edges_are_the_first_that_join():
    assert spanning_edges([("a", "b"), ("b", "a"), ("a", "c"), ("b", "c")]) == [0, 2]


def test_an_unknown_edge_end_is_named():
    with pytest.raises(ValueError, match="1 edge ends are not among the 2 nodes"):
        cluster("ab", edges("az"))


NODES = "abcdefghij"


@pytest.mark.slow
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
