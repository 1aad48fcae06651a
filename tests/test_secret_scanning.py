"""What ``docs/`` says of finding leaked keys is true of the keys we make."""

import json
import re
import tomllib
from collections.abc import Callable
from math import log2
from pathlib import Path
from urllib.parse import quote

import pytest
import yaml
from hypothesis import example, given
from hypothesis import strategies as st

from core import api_key

DOCS = Path(__file__).parent.parent / "docs"
PAGE = (DOCS / "secret-scanning.md").read_text(encoding="utf-8")
[RULE] = tomllib.loads((DOCS / "gitleaks.toml").read_text(encoding="utf-8"))["rules"]
FIND = re.compile(RULE["regex"], re.ASCII)  # what it uses of Go's syntax means the same in Python
KEY = "mt_live_0123456789ABCDEFGHIJKLMNOPQRSTUV3MYcKP"
PLACEHOLDER = "mt_live_0000000000000000000000000000000000x7Qa"  # of the contract's examples

keys = st.booleans().map(api_key.generate)


def blocks(language: str) -> list[str]:
    return re.findall(rf"```{language}\n(.*?)```", PAGE, re.DOTALL)


@pytest.fixture(scope="module")
def is_key() -> Callable[[str], bool]:
    """The function that the page prints."""
    named: dict[str, Callable[[str], bool]] = {}
    exec(blocks("python")[0], named)
    return named["is_maptargeter_key"]


def found(text: str) -> list[str]:
    """What the rule reports, as gitleaks does: a keyword, the pattern, enough entropy."""
    if not any(keyword in text.lower() for keyword in RULE["keywords"]):
        return []
    secrets = [match[RULE["secretGroup"]] for match in FIND.finditer(text)]
    return [secret for secret in secrets if entropy(secret) > RULE["entropy"]]


def entropy(text: str) -> float:
    shares = [text.count(character) / len(text) for character in set(text)]
    return -sum(share * log2(share) for share in shares)


@pytest.mark.parametrize(
    "written",
    [
        "{}", "KEY={}\n", "key: '{}'", '{{"key":"{}"}}', "curl -H 'X-API-Key: {}' http://x/", "{}_backup", "a,{},b",
        "<a href=\"?key={}&amp;x\">", "{}.", "é{}é", "x{}", "9{}\r\n", "{}\\n",
    ],
)  # fmt: skip
def test_a_key_is_found_wherever_it_is_written(written: str) -> None:
    for live in (True, False):
        key = api_key.generate(live)
        assert found(written.format(key)) == [key]


@given(st.lists(keys, min_size=1, max_size=20), st.sampled_from("\n ,;\t/"))
def test_every_key_in_a_text_is_found(made: list[str], between: str) -> None:
    assert found(between.join(made)) == made


@given(keys)
def test_a_key_inside_encoded_text_is_found(key: str) -> None:
    assert found(json.dumps(f"line\n{key}\nline")) == [key]
    assert found(quote(f"https://example.com/?key={key}&x", safe="")) == [key]


@given(keys, st.text())
@example(KEY, "\n")
def test_a_near_miss_is_not_found(key: str, text: str) -> None:
    for miss in (key[:-1], key + "x", key + "0", key.replace("mt_", "mx_"), key.upper(), key[:12] + "-" + key[13:]):
        assert found(miss) == []
    assert found(text) == []
    assert found(PLACEHOLDER) == []


@given(keys, st.integers(0, 45), st.sampled_from("0Az9_-é"))
def test_the_printed_check_is_ours(is_key: Callable[[str], bool], key: str, place: int, other: str) -> None:
    changed = key[:place] + other + key[place + 1 :]
    assert is_key(key)
    assert is_key(changed) == api_key.well_formed(changed) == (changed == key)


@given(st.from_regex(r"mt_(live|test)_[0-9A-Za-z]{38}", fullmatch=True))
def test_what_only_looks_like_a_key_is_told_apart_offline(is_key: Callable[[str], bool], text: str) -> None:
    assert is_key(text) == api_key.well_formed(text)


def test_all_scanners_get_one_pattern() -> None:
    [detector] = yaml.safe_load(blocks("yaml")[0])["detectors"]
    assert detector["regex"] == {"key": RULE["regex"]}
    assert detector["keywords"] == RULE["keywords"]
    rows = dict(re.findall(r"\| (\w+ \w+) \| `(.*?)` ", PAGE))
    unescaped = {name: pattern.replace("\\|", "|") for name, pattern in rows.items()}
    parts = [unescaped[name].replace(r"\A", "^").replace(r"\z", "$") for name in ("Before secret", "After secret")]
    github = re.compile(f"(?:{parts[0]})(?P<key>{unescaped['Secret format']})(?:{parts[1]})", re.ASCII)
    for written in ("{}", "\\n{}\\n", "x={}&"):
        match = github.search(written.format(KEY))
        assert match
        assert match["key"] == KEY
    assert not github.search(KEY + "x")
