"""Forgets what is old, as the job process does every hour."""

from services import retention


def forget(name: str) -> int:
    """Carry out one rule; return how many rows it deleted."""
    (rule,) = (rule for rule in retention.RULES if rule.name == name)
    return retention.purge(rule)
