"""Words that tell what stands beside them on a page, in the languages of the sites we read."""


def words(text: str) -> frozenset[str]:
    """Return the words of ``text``: a readable way to write a long set."""
    return frozenset(text.split())
