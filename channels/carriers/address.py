"""Addresses in the settings of an outlet: of the web, or of a host alone; and a key that goes with one."""

import re
from ipaddress import ip_address
from typing import Annotated
from urllib.parse import urlsplit

from pydantic import AfterValidator, SecretStr


def _checked(value: str) -> str:
    if len(value) > 2000 or not value.isprintable() or any(char in value for char in ' \\"<>'):
        raise ValueError("网址过长，或含有空格、反斜杠等不允许的字符")
    try:
        parts = urlsplit(value)
        host, port = parts.hostname, parts.port
    except ValueError as error:
        raise ValueError("网址的主机或端口不正确") from error
    if parts.scheme not in ("http", "https") or not host or port == 0:
        raise ValueError("网址应以 http:// 或 https:// 开头，并写明主机")
    if "@" in parts.netloc:
        raise ValueError("网址中不得写用户名或口令")
    if "#" in value:
        raise ValueError("网址中不得有 # 片段")
    return value


Address = Annotated[str, AfterValidator(_checked)]
"""http or https, with a host; no user, password or fragment. May hold a key in its path: keep it out of ``repr``."""


def _bare(value: str) -> str:
    if "?" in value:
        raise ValueError("这里只写到路径为止，不含 ? 之后的参数")
    return value.rstrip("/")


Base = Annotated[Address, AfterValidator(_bare)]
"""An address that paths are put behind: no query, no slash at its end."""


def _word(value: SecretStr) -> SecretStr:
    text = value.get_secret_value()
    if not text or not text.isascii() or not text.isprintable() or " " in text:
        raise ValueError("请只填密钥本身，不含空格")
    return value


Key = Annotated[SecretStr, AfterValidator(_word)]
"""A secret that another system gave: printable ASCII without blanks, as it is copied from a page."""


def _named(value: str) -> str:
    value = value.strip()
    try:
        return str(ip_address(value))
    except ValueError:
        labels = value.split(".")
        if len(value) > 253 or not all(
            re.fullmatch(r"[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?", one) for one in labels
        ):
            raise ValueError("应为主机名或 IP 地址，不含协议、端口和路径") from None
    return value


Host = Annotated[str, AfterValidator(_named)]
"""A host name or an IP address, for wires that are not HTTP."""
