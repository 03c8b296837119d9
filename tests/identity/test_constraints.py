from hypothesis import given, settings
from hypothesis import strategies as st

from lead_platform.identity.constraints import cluster_apart, spanning_edges

NODES = range(8)
PAIRS = st.tuples(st.sampled_from(NODES), st.sampled_from(NODES))


def same(clusters, left, right):
    return clusters.representative[left] == clusters.representative[right]


def test_the_weakest_edge_gives_way():
    clusters = cluster_apart("abc", [("a", "b"), ("b", "c")], [("a", "c")])
    assert same(clusters, "a", "b")
    assert not same(clusters, "b", "c")
    assert clusters.cut == (1,)


def test_constraints_hold_through_others_and_after_joins():
    edges = [("a", "b"), ("c", "d"), ("b", "c"), ("d", "e"), ("e", "a")]
    clusters = cluster_apart("abcde", edges, [("a", "d")])
    assert clusters.cut == (2, 4)
    assert same(clusters, "d", "e")


def test_a_pair_that_is_not_there_and_a_node_against_itself_say_nothing():
    clusters = cluster_apart("ab", [("a", "b")], [("a", "a"), ("a", "x")])
    assert clusters.cut == ()


@settings(max_examples=60, deadline=None)
@given(edges=st.lists(PAIRS, max_size=20), apart=st.lists(PAIRS, max_size=8))
def test_nothing_kept_apart_is_joined_and_only_what_would_join_it_is_cut(edges, apart):
    clusters = cluster_apart(NODES, edges, apart)
    for left, right in apart:
        assert left == right or not same(clusters, left, right)
    for position, (left, right) in enumerate(edges):
        assert same(clusters, left, right) != (position in clusters.cut)
        if position in clusters.cut:
            torn = [
                (a, b) for a, b in apart if a != b
                for a, b in ((a, b), (b, a)) if same(clusters, a, left) and same(clusters, b, right)
            ]  # fmt: skip
            assert torn, "a cut without a constraint between its two sides"


def test_spanning_edges_are_the_first_that_join():
    assert spanning_edges("abc", [("a", "b"), ("b", "a"), ("a", "c"), ("b", "c")]) == (0, 2)
