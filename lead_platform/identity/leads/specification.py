"""The leads' linkage specification (config/identity.yaml): which submissions are one person.

Owns what it has beyond a linkage specification of any kind: which columns a match record of a lead
can have. Filling them is records.py's.
"""

from collections.abc import Iterator
from pathlib import Path

from lead_platform.configuration import ConfigurationError
from lead_platform.fields import FieldCatalogue, load_fields
from lead_platform.identity.engine.specification import LinkageSpecification, load_specification

SPECIFICATION_FILE = "identity.yaml"
# What every match record of a lead has; any other column is a field of config/fields.yaml.
FILLED = (
    "source_person_key", "source_system", "merged_person_keys", "further_mailboxes", "mailbox",
    "mailbox_stem", "mailbox_local", "first_forms", "shared_mailbox", "work_domain", "phone",
    "linkedin", "first_name", "last_name", "last_name_parts", "first_root", "first_initial",
    "first_words", "name_words", "name_parts", "first_family", "known_first_name", "name_script",
    "name_key", "company_key", "company_domain", "city", "region", "postal_code", "country",
    "job_title", "work_mailbox", "generation", "person_named",
)  # fmt: skip


def load_lead_specification(config_dir: Path) -> LinkageSpecification:
    """The specification of this folder. Raises ConfigurationError with all faults at once, also
    for a column that nothing fills."""
    path = config_dir / SPECIFICATION_FILE
    specification = load_specification(path)
    if faults := list(_column_faults(specification, load_fields(config_dir))):
        raise ConfigurationError(f"{path}: {fault}" for fault in faults)
    return specification


def own_columns(specification: LinkageSpecification) -> tuple[str, ...]:
    """The columns that are fields of config/fields.yaml, in the specification's order."""
    return tuple(name for name in specification.columns if name not in FILLED)


def _column_faults(specification: LinkageSpecification, fields: FieldCatalogue) -> Iterator[str]:
    for name in own_columns(specification):
        column = specification.columns[name]
        if name not in fields.custom_by_name:
            known = ", ".join([*FILLED, *fields.custom_by_name])
            yield (
                f"columns.{name}: nothing fills it. Known: {known}. Add it to config/fields.yaml, "
                "or take it out"
            )
        elif column.kind != "text" or column.derive:
            yield (
                f"columns.{name}: a field of config/fields.yaml is compared as a text, as it is; "
                f"write `{name}: {{}}`"
            )
