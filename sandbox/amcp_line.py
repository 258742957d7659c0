"""How AMCP is written: commands, parameters and replies, from the protocol page of CasparCG."""

from dataclasses import dataclass

ESCAPES = {"\\": "\\", '"': '"', "n": "\n"}


@dataclass(frozen=True, slots=True)
class Command:
    """``words`` without the request id; the name of a command is in upper case."""

    request: str | None
    words: tuple[str, ...]


def tokens(line: str) -> list[str]:
    """Split at spaces outside quotation marks. A backslash before anything but ``\\``, ``"`` and ``n`` swallows it."""
    found: list[str] = []
    word, quoted, escaped = "", False, False
    for char in line:
        if escaped:
            word, escaped = word + ESCAPES.get(char, ""), False
        elif char == "\\":
            escaped = True
        elif char == " " and not quoted:
            if word:
                found.append(word)
            word = ""
        elif char == '"':
            quoted = not quoted
            if word or not quoted:
                found.append(word)
            word = ""
        else:
            word += char
    return [*found, word] if word else found


def read(line: str) -> Command | None:
    """The command on a line, or ``None`` where there is none."""
    words = tokens(line)
    request = None
    if words and words[0].upper() == "REQ":
        if len(words) < 2:
            return None
        request, words = words[1], words[2:]
    return Command(request, tuple(words)) if words else None


def place(spec: str) -> tuple[int, int] | None:
    """Channel and layer of ``1-20``; the layer is 9999 where none is named."""
    channel, dash, layer = spec.partition("-")
    if not channel.isdecimal() or (dash and not layer.isdecimal()):
        return None
    return int(channel), int(layer) if dash else 9999
