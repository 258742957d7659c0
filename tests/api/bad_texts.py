"""Texts that a screen, a script or a database must not be given."""

import unicodedata

from tests.api.bad import Case, record

UNSEEN = {
    "NUL": "\x00", "a bell": "\x07", "an escape": "\x1b[31m", "a tabulator": "\t", "DEL": "\x7f", "NEL": "\x85",
    "a right-to-left override": "\u202e", "a bidirectional isolate": "\u2066", "a left-to-right mark": "\u200e",
    "a zero-width space": "\u200b", "a zero-width joiner": "\u200d", "a word joiner": "\u2060", "a soft hyphen": "\xad",
    "a byte order mark": "\ufeff", "a private character": "\ue000", "a private character of plane 15": "\U000f0000",
    "a noncharacter": "\ufffe", "a noncharacter of plane 2": "\U0002ffff", "an unassigned character": "\u0378",
    "a line separator": "\u2028", "a paragraph separator": "\u2029", "a Hangul filler": "\u3164",
    "a blank Braille cell": "\u2800", "a tag character": "\U000e0041", "an interlinear anchor": "\ufff9",
    "a combining joiner": "\u034f", "a carriage return": "\r",
}  # fmt: skip

LONGEST = {
    "reported_by__name": 40, "minor__name": 40, "loss__address": 100, "basis": 500, "minor__features": 500,
    "minor__clothing": 500, "loss__circumstances": 500, "note": 500, "guardian__relation": 20, "guardian__name": 40,
}  # fmt: skip

EMPTY = ("minor__name", "loss__address", "basis", "guardian__relation", "guardian__name", "verified_by__name")


def pointer(path: str) -> str:
    return "/" + path.replace("__", "/")


def _characters() -> list[Case]:
    return [
        record(f"{what} in a name", "/minor/name=illegible_character", minor__name=f"李{ch}明")
        for what, ch in UNSEEN.items()
    ] + [
        record(f"{what} in a description", "/minor/features=illegible_character", minor__features=f"左眉{ch}有痣")
        for what, ch in UNSEEN.items()
        if unicodedata.category(ch[0]) in ("Cc", "Cf", "Zl")
    ]


CASES = [
    *_characters(),
    record("a character that was lost in transcoding", "/minor/name=lost_character", minor__name="李\ufffd明"),
    record("a line feed in a name", "/minor/name=line_break", minor__name="李\n小明"),
    record("a line feed in an address", "/loss/address=line_break", loss__address="小寨\n地铁站"),
    record("a name without a letter", "/minor/name=no_letter", minor__name="123"),
    record("a name of punctuation", "/minor/name=no_letter", minor__name="……"),
    *(record(f"{pointer(path)} one too long", f"{pointer(path)}=string_too_long", **{path: "字" * (most + 1)})
      for path, most in LONGEST.items()),
    record("a name of a megabyte", "/minor/name=string_too_long", minor__name="李" * 350_000),
    record("a suspect of 101 characters", "/suspect/description=string_too_long", suspect={"description": "字" * 101}),
    record("a vehicle of 101 characters", "/vehicle/description=string_too_long", vehicle={"description": "字" * 101}),
    *(record(f"{pointer(path)} is empty", f"{pointer(path)}=string_too_short", **{path: ""}) for path in EMPTY),
    *(record(f"{pointer(path)} is blank", f"{pointer(path)}=string_too_short", **{path: " \u3000 "}) for path in EMPTY),
    record("an address of one character", "/loss/address=string_too_short", loss__address="西"),
]  # fmt: skip
