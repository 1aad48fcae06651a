"""JSON that is already written, so that it can be passed on without being read and written again."""


class JsonText(str):
    """A text that is one JSON value."""

    __slots__ = ()
