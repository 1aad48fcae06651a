"""How names are compared: without case, accents and letter variants, so that ``smorrebrod`` finds ``Smørrebrød``."""

import unicodedata
from collections.abc import Iterable

from rapidfuzz import process
from rapidfuzz.distance import OSA

MAX_TOKEN = 64
_CLOSE_ENOUGH = 0.6

# Letters that Unicode does not decompose, as people without them on the keyboard type them.
_LETTERS = str.maketrans(
    {
        "ø": "o", "đ": "d", "ð": "d", "ł": "l", "ħ": "h", "\u0131": "i", "ŧ": "t", "ŋ": "n", "ĸ": "k", "ə": "e",
        "ɛ": "e", "ɔ": "o", "ƒ": "f", "ɖ": "d", "ɓ": "b", "ɗ": "d", "ƙ": "k", "ƴ": "y", "æ": "ae", "œ": "oe", "þ": "th",
    }
)  # fmt: skip
# Combining classes up to 9 are parts of a letter (vowel signs, nukta, virama, kana voicing); above are accents.
_LAST_LETTER_CLASS = 9


def fold(text: str) -> str:
    """Return ``text`` in the one form in which it is compared; folding twice changes nothing.

    Case-folded, compatibility-decomposed (NFKD), accents dropped, then composed again, because that keeps scripts whose
    letters are themselves made of parts, such as Hangul, readable and short.
    """
    if text.isascii():
        return text.lower()
    decomposed = unicodedata.normalize("NFKD", unicodedata.normalize("NFKD", text).casefold())
    kept = "".join(c for c in decomposed if unicodedata.combining(c) <= _LAST_LETTER_CLASS)
    return unicodedata.normalize("NFC", kept.translate(_LETTERS))


def tokens(text: str) -> list[str]:
    """Return the folded words of ``text`` in order, each at most ``MAX_TOKEN`` characters, letters and digits only.

    Marks that belong to a letter, such as the vowel signs of Devanagari, stay in the word. An underscore ends a word:
    no text that a user types can look like a search tag.
    """
    spaced = "".join(c if c.isalnum() or unicodedata.category(c)[0] == "M" else " " for c in fold(text))
    return [word[:MAX_TOKEN] for word in spaced.split()]


def closest(word: str, choices: Iterable[str]) -> str | None:
    """Return the choice that ``word`` was most likely meant to be, or None when none is near."""
    best = process.extractOne(
        word[:MAX_TOKEN], choices, scorer=OSA.normalized_similarity, processor=str.lower, score_cutoff=_CLOSE_ENOUGH
    )
    return best[0] if best else None
