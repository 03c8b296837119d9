"""Leads by drawn graphs of pairs: what is stored decides, not how it arrived."""

import contextlib
import dataclasses
import itertools
import random

import pandas as pd
import pyarrow as pa
import pytest

from lead_platform.identity.engine.clusters import cluster_records
from lead_platform.identity.judgement.verdicts import (
    DIFFERENT,
    SAME,
    Act,
    Verdict,
    VerdictError,
    collect_links,
    plan_withdrawal,
    record_verdicts,
)
from lead_platform.identity.leads.members import collect_lost, place_submissions
from lead_platform.identity.leads.records import collect_new, prepare
from lead_platform.identity.leads.rereading import take_reread
from tests.identity.lead_world import (
    DECIDED_AT,
    auditable_lake,
    clustered,
    groups,
    insert,
    lead_id_of,
    members,
)

RECORDS = range(1, 11)
LIMITS = [{"name": "phones", "column": "phone", "at_most": 2}]
SPECIFICATION = clustered(largest=6, bridge=1.0, strong=0.999, limits=LIMITS)
PAIR_COLUMNS = ("pair_id", "left_record_id", "right_record_id", "rule", "match_probability",
                "match_weight", "decision", "reason", "parts", "model_version")  # fmt: skip
ACT = Act("judge", "lead", "x", "review", "looked", "Dana", DECIDED_AT)


def name(number: int) -> str:
    return f"rec_{number:04d}"


class World:
    """Ten records, the pairs between them and what people say, from a seed."""

    def __init__(self, seed: int) -> None:
        self.random = random.Random(seed)
        self.phones = {number: f"+1202555010{self.random.randrange(4)}" for number in RECORDS}
        ends = self.random.sample(list(itertools.combinations(RECORDS, 2)), 17)
        self.pairs = pd.DataFrame([self._pair(*pair) for pair in ends], columns=PAIR_COLUMNS)
        self.verdicts = [
            (pair, self.random.choice([SAME, DIFFERENT]))
            for pair in self.random.sample(list(itertools.combinations(RECORDS, 2)), 3)
        ]

    def _pair(self, left: int, right: int) -> tuple:
        rule, chance = self.random.choice(
            [("email", 0.9999), ("phone", 0.9999), *[("name_city", 0.997)] * 3]
        )
        decision = "cannot_link" if self.random.random() < 0.1 else "merge"
        weight = float(self.random.randrange(5, 9))
        return (f"pair_{left:04d}_{right:04d}", name(left), name(right), rule, chance, weight,
                decision, f"by {rule}", None, "person-v1")  # fmt: skip

    def arrive(self, slices):
        """A lake into which the records came slice by slice, judged as soon as they are there.

        The first verdict is taken back at the end.
        """
        lake = auditable_lake()
        self.acts: list[str] = []
        arrived: set[int] = set()
        self.issued: set[str] = set()
        for part in slices:
            self._receive(lake, part)
            arrived |= set(part)
            self._place(lake, part, arrived)
            self._judge(lake, arrived)
        for act_id in self.acts[:1]:
            act = dataclasses.replace(ACT, source="withdrawal")
            record_verdicts(lake, [(act, plan_withdrawal(lake, act_id))])
            self._place(lake, [], arrived)
        assert_every_id_resolves(lake, self.issued)
        return lake

    def _receive(self, lake, part) -> None:
        rows = [
            {"submission_id": f"sub_{number:04d}", "match_record_id": name(number),
             "received_seq": number, "phone": self.phones[number]}
            for number in part
        ]  # fmt: skip
        insert(lake, "identity.normalized_submissions", pd.DataFrame(rows))

    def _place(self, lake, part, arrived) -> None:
        prepare(lake, SPECIFICATION)
        take_reread(lake)
        collect_new(lake)
        collect_links(lake)
        collect_lost(lake)
        new, there = {name(one) for one in part}, {name(one) for one in arrived}
        ends = self.pairs[["left_record_id", "right_record_id"]]
        found = self.pairs[ends.isin(there).all(axis=1) & ends.isin(new).any(axis=1)]
        place_submissions(
            lake, pa.Table.from_pandas(found, preserve_index=False), SPECIFICATION,
            decided_at=DECIDED_AT, run_id=f"slice-{len(arrived)}",
        )  # fmt: skip
        self.issued |= set(members(lake).values())

    def _judge(self, lake, arrived) -> None:
        """What people say as soon as both are there; what contradicts is refused."""
        before = len(self.acts)
        for (left, right), verdict in self.verdicts:
            if {left, right} <= arrived:
                pair = (f"sub_{left:04d}", f"sub_{right:04d}")
                with contextlib.suppress(VerdictError):
                    self.acts += record_verdicts(lake, [(ACT, [Verdict(pair, verdict)])])
        if len(self.acts) > before:
            self._place(lake, [], arrived)


def expected(world: World, lake) -> set[frozenset[str]]:
    """The clusters of everything at once, by cluster_records alone."""
    said = lake.execute("""
        select left_submission_id, right_submission_id, verdict, verdict_seq
        from identity.match_verdicts
        qualify row_number() over (
            partition by left_submission_id, right_submission_id order by verdict_seq desc
        ) = 1
    """).fetchall()
    words = {
        (left.replace("sub", "rec"), right.replace("sub", "rec")): (verdict, number)
        for left, right, verdict, number in said
        if verdict in (SAME, DIFFERENT)
    }
    ends = list(zip(world.pairs["left_record_id"], world.pairs["right_record_id"], strict=True))
    judged = [words.get(pair, ("", 0))[0] for pair in ends]
    pairs = world.pairs[[not word for word in judged]]
    shown = world.pairs[[word in ("", SAME) for word in judged]]
    edges = merging(pairs)
    same = [(*pair, 0.0, number, True) for pair, (word, number) in words.items() if word == SAME]
    edges = pd.concat([edges, pd.DataFrame(same, columns=list(edges.columns))])
    apart = [(*pair, True) for pair, (word, _) in words.items() if word == DIFFERENT]
    apart += [
        (row.left_record_id, row.right_record_id, False)
        for row in pairs[pairs["decision"] == "cannot_link"].itertuples()
    ]
    nodes = pd.Series([name(number) for number in RECORDS])
    values = pd.DataFrame(
        [(name(number), 0, "", phone) for number, phone in world.phones.items()],
        columns=["node", "limit", "within", "value"],
    )
    links = pd.DataFrame(apart, columns=["left", "right", "is_said"])
    alone = cluster_records(nodes, merging(shown), links, SPECIFICATION.clustering, values)
    label = dict(zip(nodes, alone.labels, strict=True))
    is_one = edges["left"].map(label) == edges["right"].map(label)
    edges = edges.assign(is_placed=is_one & bool(same) | (edges["verdict_seq"] > 0))
    found = cluster_records(
        nodes, edges.reset_index(drop=True), links, SPECIFICATION.clustering, values
    )
    by_label = nodes.str.replace("rec", "sub").groupby(found.labels).agg(frozenset)
    return set(by_label)


def merging(pairs: pd.DataFrame) -> pd.DataFrame:
    merges = pairs[pairs["decision"] == "merge"]
    is_certain = (merges["rule"] == "email") | (merges["match_probability"] >= 0.999)
    ends = {"left": merges["left_record_id"], "right": merges["right_record_id"]}
    frame = pd.DataFrame(ends | {"weight": merges["match_weight"], "verdict_seq": 0})
    return frame.assign(is_certain=is_certain).reset_index(drop=True)


def assert_every_id_resolves(lake, issued) -> None:
    living = set(members(lake).values())
    crosswalk = dict(
        lake.execute(
            "select lead_id, related_lead_id from identity.lead_crosswalk "
            "where relation = 'merged_into'"
        ).fetchall()
    )
    assert set(crosswalk) == issued - living
    assert set(crosswalk.values()) <= living


def assert_log_and_queue_tell_what_is(lake) -> None:
    """No merge is claimed that is none; what is set aside waits for a person."""
    rows = lake.execute("""
        with leads as (select match_record_id as record_id, lead_id from identity.lead_members),
        logged as (
            select left_record_id, right_record_id,
                count(*) filter (where decision = 'merge')
                    - count(*) filter (where decision = 'split') as standing
            from identity.merge_decisions where decision in ('merge', 'split') group by all
        )
        select p.pair_id, l.lead_id = r.lead_id as is_one, coalesce(g.standing, 0) as standing,
            v.verdict,
            exists (
                select 1 from identity.match_reviews as w
                join leads as wl on wl.record_id = w.left_record_id
                join leads as wr on wr.record_id = w.right_record_id
                where w.status = 'open'
                    and least(wl.lead_id, wr.lead_id) = least(l.lead_id, r.lead_id)
                    and greatest(wl.lead_id, wr.lead_id) = greatest(l.lead_id, r.lead_id)
            ) as waits
        from identity.match_pairs as p
        join leads as l on l.record_id = p.left_record_id
        join leads as r on r.record_id = p.right_record_id
        left join logged as g on g.left_record_id = p.left_record_id
            and g.right_record_id = p.right_record_id
        left join verdict_links as v on v.left_record_id = p.left_record_id
            and v.right_record_id = p.right_record_id and v.verdict in ('same', 'different')
        where p.decision = 'merge'
    """).fetchall()
    told = lake.execute("select pair_id from match_edges where is_settled").fetchall()
    settled = {row[0] for row in told} | asked_of_all_that_fit(lake)
    for pair_id, is_one, standing, verdict, waits in rows:
        if verdict is None:
            assert standing == is_one, pair_id
            assert is_one or waits or pair_id in settled, pair_id


def asked_of_all_that_fit(lake) -> set[str]:
    """The pairs of what fits several leads, where a person is asked of one that fits the same."""
    rows = lake.execute("""
        with fitting as (
            select torn_lead_id, list_sort(list(distinct case torn_lead_id
                when left_lead_id then right_lead_id else left_lead_id end)) as lead_ids,
                list(pair_id) as pair_ids,
                bool_or('rev_' || left(sha256(pair_id), 24) in (
                    select review_id from identity.match_reviews where status = 'open'
                )) as is_asked
            from match_edges where torn_lead_id is not null and not is_settled
            group by torn_lead_id
        )
        select unnest(flatten(list(pair_ids))) from fitting
        group by lead_ids having bool_or(is_asked)
    """).fetchall()
    return {pair_id for (pair_id,) in rows}


@pytest.mark.parametrize("seed", [1, 3, 7])
def test_any_arrival_leads_to_the_clusters_of_everything_at_once(seed):
    world = World(seed)
    order = list(RECORDS)
    world.random.shuffle(order)
    one_by_one = world.arrive([[number] for number in order])
    at_once = world.arrive([order])
    assert groups(one_by_one) == expected(world, one_by_one)
    assert groups(at_once) == expected(world, at_once)
    for lake in (one_by_one, at_once):
        assert_log_and_queue_tell_what_is(lake)


def test_ids_do_not_depend_on_slices():
    """Received in order, sliced in any way: the same leads under the same ids."""
    world = World(99)
    world.verdicts = []
    at_once = world.arrive([list(RECORDS)])
    sliced = world.arrive([list(RECORDS)[start : start + 2] for start in range(0, 10, 2)])
    assert members(sliced) == members(at_once)
    firsts = {min(group) for group in groups(at_once)}
    assert set(members(at_once).values()) == {lead_id_of(int(one[4:])) for one in firsts}
