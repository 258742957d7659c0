"""Words of the far end, fit to be kept."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import SecretStr

from channels.carriers.redact import plain, unspeakable
from tests.channels.notices import PUBLISH, RETRACT, rendered


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("素材不合格", "素材不合格"),
        ("keywords not in content, more: [https://ding-doc.dingtalk.com/doc#/x]", "keywords not in content, more: […"),
        ("见http://a.example/b?c=d，谢谢", "见…，谢谢"),
        ("www.a.example/x 打不开", "… 打不开"),
        (r"https:\/\/a.example\/b 转义", "… 转义"),
        ("token 4f7c1de0b5a94b1e8c3a6d2f90e7b1c8 错", "token … 错"),
        ("a\r\nb\x00c\u2028d", "a b c d"),
        ("错" * 300, "错" * 200),
    ],
)
def test_plain(text: str, expected: str) -> None:
    assert plain(text) == expected


@given(st.text(max_size=300), st.text(min_size=8, max_size=19, alphabet="abcdefgh0123456789"))
def test_what_is_hidden_stays_hidden(text: str, secret: str) -> None:
    shown = plain(f"{text}{secret}{text}", [secret])
    assert secret not in shown
    assert len(shown) <= 200
    assert "\n" not in shown


def test_what_must_not_come_back() -> None:
    hidden = unspeakable(rendered(PUBLISH), "https://a.example/hooks/k3yinp4th?token=t0kent0ken", SecretStr("s"), None)
    assert {"k3yinp4th", "t0kent0ken", "s", "李小明"} <= set(hidden)
    assert "hooks" not in hidden
    assert "李小明" not in unspeakable(rendered(RETRACT), "https://a.example")
