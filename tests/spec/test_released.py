"""The contract of this checkout breaks nobody who knows the released one.

``spec/v1.released.yaml`` is the contract as clients know it. It changes only when a version is released, with

    cp spec/openapi.yaml spec/v1.released.yaml
"""

from openapi_spec_validator import OpenAPIV30SpecValidator

from handlers.contract import SPEC, read
from tests.spec.compat import Break, Comparison, Contract, Pair, breaking, breaks
from tests.spec.corpus import fits, put
from tests.spec.witness import Trial

RELEASED = SPEC.with_name("v1.released.yaml")


def test_released_contract_is_valid() -> None:
    assert list(OpenAPIV30SpecValidator(read(RELEASED)).iter_errors()) == []


def test_nothing_breaks_clients_of_the_released_contract() -> None:
    found = breaking(read(RELEASED), read())
    assert not found, refusal(found)


def test_no_value_shows_a_break_either() -> None:
    old, new = Contract(read(RELEASED)), Contract(read())
    if breaks(old, new):
        return  # the test above says it better
    trial = Trial(old, new)
    pairs = [part for part in Comparison(old, new).parts() if isinstance(part, Pair)]
    changed = [pair for pair in pairs if old.schemas.digest(pair.old) != new.schemas.digest(pair.new)]
    assert [(pair.where, shown) for pair in changed if (shown := trial.witness(pair))] == []


def test_the_refusal_says_what_breaks_and_what_to_do() -> None:
    edit = fits("fewer rows", put("components parameters limit schema", maximum=10))
    said = refusal(breaking(read(), edit.apply(read())))
    assert "parameters/limit: maximum was 1000, is 10 [request-maximum]" in said.splitlines()
    assert "/v2" in said


def refusal(found: list[Break]) -> str:
    """Return the message for who broke the contract: one line a break, then what to do."""
    return "\n".join(
        [
            f"spec/openapi.yaml breaks clients of {RELEASED.name} in {len(found)} way(s):",
            *map(str, found),
            "Make the change additive (keep what was, add what is new beside it), or put it into a /v2.",
        ]
    )
