"""Blocking keys: SQL of what two records must share to be compared."""

from lead_platform.identity.engine.specification import BlockingRule, LinkageSpecification


def key_expression(rule: BlockingRule, specification: LinkageSpecification) -> str:
    """SQL for the value of a rule: null unless all columns are filled; of a list, one row each."""
    texts = [name for name in rule.columns if specification.columns[name].kind == "text"]
    lists = [name for name in rule.columns if name not in texts]
    if not lists:
        return " || chr(30) || ".join(texts)
    entries = f"list_distinct({lists[0]})"
    if texts:
        ending = " || chr(30) || ".join(["", *texts])
        entries = f"list_transform({entries}, lambda entry: entry{ending})"
    return f"unnest({entries})"


def key_expressions(rule: BlockingRule, specification: LinkageSpecification) -> list[str]:
    """SQL for a rule's value, and for the further ones that mean the same, one row each."""
    key = key_expression(rule, specification)
    return [key] if rule.further is None else [key, f"unnest({rule.further})"]
