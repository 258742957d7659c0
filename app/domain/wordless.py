"""What went wrong and where, without the words of the errors: those may quote a child's name or an address with a token."""

import traceback

DEEPEST = 5


def wordless(error: BaseException) -> tuple[str, str]:
    """The kinds of the error and of what caused it, the last first; and the lines of their tracebacks."""
    kinds: list[str] = []
    lines: list[str] = []
    cause: BaseException | None = error
    while cause is not None and len(kinds) < DEEPEST:
        kinds.append(type(cause).__name__)
        lines += traceback.format_tb(cause.__traceback__)
        cause = cause.__cause__ or cause.__context__
    return " < ".join(kinds), "".join(lines)
