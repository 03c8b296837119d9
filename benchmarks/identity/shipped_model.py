"""How the shipped model of persons is made: trained on generated people, without their truth.

    python -m benchmarks.identity.shipped_model lead_platform/identity/models/person-v3.json

Names count by the lists in lead_platform/identity/shares; companies are invented, so how common
they are is left out. The card beside the model is written by hand.
"""

import argparse
from pathlib import Path

from benchmarks.identity.populations import SPECIFICATION, generated_people
from lead_platform.identity.engine.model import save_model
from lead_platform.identity.leads.records import collect_all, prepare
from lead_platform.identity.modelling.training import train_model

SUBMISSIONS, SEED = 60_000, 20260101


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("path", type=Path)
    path = parser.parse_args().path
    lake = generated_people(SUBMISSIONS, SEED).lake
    prepare(lake, SPECIFICATION)
    model = train_model(collect_all(lake), SPECIFICATION, name=path.stem)
    known = {name: column.known_shares for name, column in SPECIFICATION.columns.items()}
    listed = {name: terms for name, terms in model.term_frequencies.items() if known[name]}
    save_model(model.model_copy(update={"term_frequencies": listed}), path)


if __name__ == "__main__":
    main()
