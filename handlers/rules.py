"""What the contract says of requests, for pages that do the same without sending one."""

import copy
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from core.errors import InvalidInput, Violation
from handlers.contract import Contract
from handlers.parameters import read_named
from handlers.violations import summary


@dataclass(frozen=True, slots=True)
class Rules:
    """The requests of a contract's operations, checked as if they had been sent."""

    contract: Contract

    def query(self, operation: str, texts: Mapping[str, str]) -> dict[str, Any]:
        """Return the arguments that query parameters mean; raise InvalidInput with every violation."""
        sent = {name: [text] for name, text in texts.items()}
        arguments, problems = read_named(self.contract.operations[operation].query, sent)
        _refuse(problems)
        return arguments

    def body(self, operation: str, document: Any) -> dict[str, Any]:
        """Return a JSON body with what it may leave out; raise InvalidInput with every violation."""
        body = self.contract.operations[operation].body
        if body is None:
            raise ValueError(f"{operation} takes no body")
        if not body.check.is_valid(document):
            _refuse(body.check.body(document))
        return {**copy.deepcopy(body.defaults), **document}


def _refuse(problems: list[Violation]) -> None:
    if problems:
        raise InvalidInput(summary(problems), problems)
