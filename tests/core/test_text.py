import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core import text

any_text = st.text(st.characters(exclude_categories=["Cs"]))


@pytest.mark.parametrize(
    ("written", "typed"),
    [
        ("Kahvila Äyräpää", "kahvila ayrapaa"), ("Ångström", "angstrom"), ("Smørrebrød", "smorrebrod"),
        ("Łódź", "lodz"), ("Đorđe", "dorde"), ("Straße", "strasse"), ("ÆBLE", "aeble"), ("Œuf", "oeuf"),
        ("DİYARBAKIR", "diyarbakir"), ("D\u0131yarbak\u0131r", "diyarbakir"), ("Þingvellir", "thingvellir"),
        ("ﬁre №5", "fire no5"), ("Škoda\u0301", "skoda"), ("ΚΑΦΈΣ", "καφεσ"), ("Ёлка", "елка"),
        ("\uff23\uff21\uff26\uff25", "cafe"),
    ],
)  # fmt: skip
def test_a_name_is_found_as_people_type_it(written: str, typed: str) -> None:
    assert text.fold(written) == typed


@pytest.mark.parametrize("name", ["카페", "カフェ ガスト", "กาแฟ", "कॉफ़ी", "咖啡"])
def test_scripts_made_of_parts_stay_themselves(name: str) -> None:
    assert [unicodedata.normalize("NFKC", word) for word in text.tokens(name)] == [
        unicodedata.normalize("NFKC", word) for word in name.split()
    ]


def test_kana_letters_are_not_accented_letters() -> None:
    assert text.fold("ガ") != text.fold("カ")


@given(any_text)
def test_folding_twice_changes_nothing(value: str) -> None:
    assert text.fold(text.fold(value)) == text.fold(value)


@given(any_text)
def test_composed_and_decomposed_are_one(value: str) -> None:
    assert text.fold(unicodedata.normalize("NFD", value)) == text.fold(unicodedata.normalize("NFC", value))


def test_words() -> None:
    assert text.tokens("  Café  d'Été, 2. krs/floor_3 ") == ["cafe", "d", "ete", "2", "krs", "floor", "3"]
    assert text.tokens("—!_ ") == []


@given(any_text)
def test_words_are_short_folded_and_free_of_separators(value: str) -> None:
    for word in text.tokens(value):
        assert 0 < len(word) <= text.MAX_TOKEN
        assert text.fold(word) == word
        assert text.tokens(word) == [word]


def test_a_very_long_word_is_cut() -> None:
    assert text.tokens("x" * 100) == ["x" * 64]


@pytest.mark.parametrize(
    ("typed", "meant"),
    [
        ("webiste", "website"),
        ("Catgory", "category"),
        ("phone", "phones"),
        ("zzz", None),
        ("", None),
        ("x" * 9999, None),
    ],
)
def test_did_you_mean(typed: str, meant: str | None) -> None:
    assert text.closest(typed, ["category", "website", "phones", "city"]) == meant


def test_nothing_is_close_when_there_is_nothing() -> None:
    assert text.closest("website", []) is None


@given(st.sampled_from(["category", "website", "phones", "city"]))
def test_a_right_word_is_its_own_closest(word: str) -> None:
    assert text.closest(word, ["category", "website", "phones", "city"]) == word
