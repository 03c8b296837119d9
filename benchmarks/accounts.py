"""How well leads roll up to accounts in the demo world, and the shipped model's training.

    python -m benchmarks.accounts                           precision and recall over pairs of leads
    python -m benchmarks.accounts --train model.json        trains a model as the shipped one was

The home is that of the settings (LEAD_PLATFORM_HOME); the demo's truth lies beside its data.
"""

import sys
from pathlib import Path

from lead_platform.demo.stated_companies import generate_companies
from lead_platform.identity.accounts.specification import load_account_specification
from lead_platform.identity.engine.linking import match_records
from lead_platform.identity.engine.model import save_model
from lead_platform.identity.modelling.training import train_model
from lead_platform.lake.lake import Lake
from lead_platform.settings import Settings

RECORDS, SEED = 60_000, 20260101

# A lead's company is that of the person most of its submissions are from.
_MEASURE = """
with truth as (
    select l.lead_id, mode(p.company_id) as company_id
    from identity.lead_members as l
    join capture.submissions as s on s.submission_id = l.submission_id
    join '{truth}/submissions.parquet' as t on t.channel = s.channel and t.record_id = s.record_id
    join '{truth}/people.parquet' as p on p.person_id = t.person_id
    group by l.lead_id
),
placed as (
    select l.account_id, t.company_id, count(*) as leads
    from truth as t join identity.leads as l on l.lead_id = t.lead_id group by all
),
counted as (
    select sum(case when account_id is not null and company_id is not null
            then leads * (leads - 1) / 2 end) as found_rightly
    from placed
),
made as (
    select sum(n * (n - 1) / 2) as found from (
        select sum(leads) as n from placed where account_id is not null group by account_id)
),
true_pairs as (
    select sum(n * (n - 1) / 2) as existing from (
        select sum(leads) as n from placed where company_id is not null group by company_id)
),
reachable as (
    select sum(n * (n - 1) / 2) as existing from (
        select sum(leads) as n from placed
        where company_id is not null and account_id is not null group by company_id)
)
select found_rightly / made.found as precision, found_rightly / true_pairs.existing as recall,
    found_rightly / reachable.existing as recall_where_a_company_is_named,
    (select count(*) from identity.leads) as leads,
    (select count(account_id) from identity.leads) as leads_with_account,
    (select count(*) from identity.accounts) as accounts
from counted, made, true_pairs, reachable
"""


def measure() -> None:
    """Print precision and recall over pairs of leads that are one company's."""
    settings = Settings()
    truth = settings.home / "demo" / "truth"
    with Lake(settings).read() as connection:
        cursor = connection.execute(_MEASURE.format(truth=truth))
        names = [column[0] for column in cursor.description or []]
        for name, value in zip(names, cursor.fetchone() or (), strict=True):
            shown = f"{value:,}" if isinstance(value, int) else f"{value:.5f}"
            print(f"{name.replace('_', ' '):34} {shown}")


def train(path: Path) -> None:
    """Write a model trained on generated companies; its name is the file's."""
    specification = load_account_specification(Settings().config_dir)
    records = generate_companies(RECORDS, seed=SEED).records
    given = records.assign(unit=records["company_domain"].fillna(records["record_id"]))
    matched = match_records(given, specification, records["record_id"])
    save_model(train_model(matched, specification, name=path.stem), path)


if __name__ == "__main__":
    if "--train" in sys.argv:
        train(Path(sys.argv[sys.argv.index("--train") + 1]))
    else:
        measure()
