"""The gate refuses every edit of the corpus that breaks somebody, for the right reason, and lets every other pass."""

from functools import cache
from typing import Any

import orjson
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from jsonschema_rs.canonical import Containment as Proof

from handlers.contract import read
from tests.spec.compat import Comparison, Contract, Pair, breaking, breaks
from tests.spec.containment import Containment, Side
from tests.spec.corpus import Edit, fits, put
from tests.spec.corpus.breaking import BREAKING
from tests.spec.corpus.harmless import HARMLESS
from tests.spec.samples import Sampler
from tests.spec.shapes import Node, Schemas, bare
from tests.spec.witness import Trial

# What no value can show, because more is promised than values say, or because the gate does not try to prove it.
UNSHOWN = ("default", "property-removed", "code-removed", "format", "pattern", "cannot-prove", "alternatives")


@cache
def document() -> dict[str, Any]:
    return read()


@cache
def contract() -> Contract:
    return Contract(document())


@cache
def sampler() -> Sampler:
    return Sampler(contract().schemas)


def named(edit: Edit) -> str:
    return edit.name


def test_corpus_is_large_and_every_edit_has_its_own_name() -> None:
    names = [(edit.rule, edit.name) for edit in (*BREAKING, *HARMLESS)]
    assert len(set(names)) == len(names)
    assert len(BREAKING) >= 100
    assert len(HARMLESS) >= 80


def test_an_edit_that_changes_nothing_is_an_error() -> None:
    with pytest.raises(ValueError, match="changes nothing"):
        fits("the same version", put("info", title=document()["info"]["title"])).apply(document())


@pytest.mark.parametrize("edit", BREAKING, ids=named)
def test_breaking_edit_is_refused(edit: Edit) -> None:
    after = Contract(edit.apply(document()))
    found = breaks(contract(), after)
    assert edit.rule in {made.rule for made in found}, [str(made) for made in found]
    agrees_with_values_and_with_another_prover(after)


@pytest.mark.parametrize("edit", HARMLESS, ids=named)
def test_harmless_edit_passes(edit: Edit) -> None:
    after = Contract(edit.apply(document()))
    assert [str(made) for made in breaks(contract(), after)] == []
    agrees_with_values_and_with_another_prover(after)


def agrees_with_values_and_with_another_prover(after: Contract) -> None:
    trial = Trial(contract(), after, sampler())
    for pair in smallest_pairs(contract(), after):
        gaps = Containment(contract().schemas, after.schemas, pair.side).gaps(pair.old, pair.new)
        shown, proof = trial.witness(pair), trial.proof(pair)
        if not gaps:
            assert not shown, f"{pair.where}: the gate lets pass what {shown} shows to break"
            assert proof is not Proof.NO, f"{pair.where}: the gate lets pass what is proven to break"
        elif not all(gap.rule.endswith(UNSHOWN) for gap in gaps):
            assert shown, f"{pair.where}: nothing shows {gaps}"
            assert proof is not Proof.YES, f"{pair.where}: the gate refuses what is proven to fit: {gaps}"


def smallest_pairs(old: Contract, new: Contract) -> list[Pair]:
    """Return the smallest pair of schemas that differ, for each side."""
    found: dict[Side, tuple[int, Pair]] = {}
    for part in Comparison(old, new).parts():
        if isinstance(part, Pair) and old.schemas.digest(part.old) != new.schemas.digest(part.new):
            size = len(orjson.dumps(old.schemas.rooted(part.old)))
            if part.side not in found or size < found[part.side][0]:
                found[part.side] = size, part
    return [pair for _, pair in found.values()]


def test_a_break_of_a_shared_part_is_said_once_and_in_one_line() -> None:
    edit = fits("two breaks", put("components parameters limit schema", maximum=10), put("servers 0", url="/api"))
    assert [str(made) for made in breaking(document(), edit.apply(document()))] == [
        "servers: /v1 is gone [server-removed]",
        "parameters/limit: maximum was 1000, is 10 [request-maximum]",
    ]


@pytest.mark.parametrize(("end", "rules"), [("2027-06-01", ["sunset-sooner"]), ("2029-01-01", []), (None, [])])
def test_an_announced_end_may_only_move_away(end: str | None, rules: list[str]) -> None:
    old, new = (
        {
            "openapi": "3.0.3",
            "paths": {"/a": {"get": {"responses": {}, "x-sunset-at": at} if at else {"responses": {}}}},
        }
        for at in ("2028-01-01", end)
    )
    assert [made.rule for made in breaking(old, new)] == rules


@pytest.mark.parametrize(
    ("side", "old", "new", "rules"),
    [
        (Side.REQUEST, {"type": "object"}, {"type": "object", "additionalProperties": False}, {"request-closed"}),
        (Side.ANSWER, {"type": "object"}, {"type": "object", "additionalProperties": False}, set()),
        (Side.ANSWER, {"type": "object", "additionalProperties": False}, {"type": "object"}, set()),
        (Side.REQUEST, {"type": "object"}, {"properties": {"a": {"type": "string"}}}, {"request-type"}),
        (Side.REQUEST, {"type": "integer", "minimum": 1}, {"type": "integer", "exclusiveMinimum": 0}, set()),
        (Side.REQUEST, {"multipleOf": 6, "type": "integer"}, {"multipleOf": 3, "type": "integer"}, set()),
        (Side.REQUEST, {"enum": ["a", "b"]}, {"type": "string", "maxLength": 1}, set()),
        (Side.REQUEST, {"enum": ["a", "bb"]}, {"type": "string", "maxLength": 1}, {"request-maxLength"}),
        (Side.REQUEST, {"type": ["string", "null"]}, {"anyOf": [{"type": "string"}, {"type": "null"}]}, set()),
        (Side.REQUEST, {"anyOf": [{"type": "string"}, {"type": "null"}]}, {"type": ["string", "null"]}, set()),
        (Side.ANSWER, {"enum": ["a", "b", None]}, {"enum": ["a", "b", "c", None]}, set()),
        (Side.ANSWER, {"enum": ["a"]}, {"enum": ["a", "b"]}, {"answer-enum"}),
        (Side.ERROR, {"enum": ["a", "b"]}, {"enum": ["a", "c"]}, {"error-code-removed"}),
        (Side.REQUEST, {"not": {"type": "null"}}, {"not": {"type": "null"}}, set()),
        (Side.REQUEST, {"unevaluatedProperties": False}, {}, {"request-cannot-prove"}),
    ],
)
def test_schemas(side: Side, old: Node, new: Node, rules: set[str]) -> None:
    assert {gap.rule for gap in judge(side).gaps(old, new)} == rules


def judge(side: Side) -> Containment:
    return Containment(Schemas({}), Schemas({}), side)


NUMBERS = st.integers(-3, 3)
SIZES = st.integers(0, 3)
SCALARS = st.sampled_from([None, True, 0, 1, 2.5, "", "a", "b", "ab"])


@cache
def schemas(depth: int = 2) -> st.SearchStrategy[Node]:
    """Small schemas of every keyword that the gate compares."""
    simple: list[st.SearchStrategy[Any]] = [
        st.builds(dict, type=st.sampled_from(["null", "boolean", "integer", "number", "string", ["string", "null"]])),
        st.fixed_dictionaries(
            {"type": st.sampled_from(["integer", "number"])},
            optional={"minimum": NUMBERS, "maximum": NUMBERS, "exclusiveMinimum": NUMBERS, "multipleOf": st.just(2)},
        ),
        st.fixed_dictionaries(
            {"type": st.just("string")},
            optional={
                "minLength": SIZES,
                "maxLength": SIZES,
                "pattern": st.sampled_from(["^a", "b$"]),
                "default": st.just("a"),
            },
        ),
        st.builds(dict, enum=st.lists(SCALARS, min_size=1, max_size=3, unique_by=repr)),
        st.just({}),
    ]
    if depth == 0:
        return st.one_of(simple)
    inner = schemas(depth - 1)
    names = st.sampled_from(["a", "b"])
    return st.one_of(
        *simple,
        st.fixed_dictionaries(
            {"type": st.just("array")},
            optional={"items": inner, "minItems": SIZES, "maxItems": SIZES, "uniqueItems": st.booleans()},
        ),
        st.fixed_dictionaries(
            {"type": st.just("object")},
            optional={
                "properties": st.dictionaries(names, inner, max_size=2),
                "required": st.lists(names, unique=True, max_size=2),
                "additionalProperties": st.one_of(st.booleans(), inner),
                "minProperties": SIZES,
                "maxProperties": SIZES,
            },
        ),
        st.builds(lambda parts: {"allOf": parts}, st.lists(inner, min_size=1, max_size=2)),
        st.builds(lambda parts: {"anyOf": parts}, st.lists(inner, min_size=1, max_size=2)),
        st.builds(lambda part: {"not": part}, inner),
    )


@st.composite
def changes(draw: st.DrawFn) -> tuple[Node, Node]:
    """A schema, and another one that is like it but for some keywords."""
    old, other = draw(schemas()), draw(schemas())
    if isinstance(old, bool) or isinstance(other, bool) or draw(st.booleans()):
        return old, other
    kept = {key: value for key, value in old.items() if draw(st.integers(0, 3))}
    return old, kept | {key: value for key, value in other.items() if draw(st.booleans())}


# looking for a text that matches a pattern is a search of its own, made once a pattern
@settings(max_examples=400, deadline=None, suppress_health_check=[HealthCheck.nested_given])
@given(changes())
def test_what_the_gate_lets_pass_holds_for_values(change: tuple[Node, Node]) -> None:
    old, new = (bare(node) for node in change)
    empty = Contract({"openapi": "3.0.3"})
    trial = Trial(empty, empty)
    for side in (Side.REQUEST, Side.ANSWER):
        if not judge(side).gaps(old, new):
            pair = Pair("", side, old, new)
            assert not trial.witness(pair)
            assert trial.proof(pair) is not Proof.NO


@settings(max_examples=100, deadline=None)
@given(schemas())
def test_the_same_written_otherwise_passes(schema: Node) -> None:
    schema = bare(schema)
    for side in Side:
        assert not judge(side).gaps(schema, {"allOf": [schema, {}]})
        assert not judge(side).gaps({"allOf": [{}, schema]}, schema)
