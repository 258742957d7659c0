"""The machine and the port of a wire that is not HTTP, in the settings of an outlet."""

import re
from typing import Annotated

from pydantic import AfterValidator, Field

_NAME_OR_ADDRESS = re.compile(r"[\w:](?:[\w.:\-]{0,251}[\w.:])?")


def _checked(value: str) -> str:
    if not _NAME_OR_ADDRESS.fullmatch(value):
        raise ValueError("请只填主机名或 IP 地址，不含协议、端口、斜杠和空格")
    return value


Host = Annotated[str, AfterValidator(_checked)]
"""A host name or an IP address, without port."""

Port = Annotated[int, Field(ge=1, le=65535)]
