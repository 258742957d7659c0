"""The files that this process may open, and what becomes of a call when there is none left."""

import errno
import logging
import resource
import socket
import sys
import time
from typing import NamedTuple

from channels.contract import Reason, WireError

log = logging.getLogger("huijia.files")

OTHER_FILES = 256  # database connections, listeners, logs
KEPT_SHARE = 4  # one in so many of the rest is for connections that are only kept, and no send has to wait for those
SAID_EVERY = 60.0

_none_left = {errno.EMFILE, errno.ENFILE}
_said_at = -SAID_EVERY


class Shares(NamedTuple):
    """How many connections there may be: for sends under way, and only kept."""

    sends: int
    kept: int


def shares() -> Shares:
    """Of the limit as it is now."""
    files = resource.getrlimit(resource.RLIMIT_NOFILE)[0]
    if files == resource.RLIM_INFINITY:  # which is -1
        return Shares(sys.maxsize, sys.maxsize)
    free = max(files - OTHER_FILES, 1)
    return Shares(free - free // KEPT_SHARE, free // KEPT_SHARE)


def none_left(error: OSError) -> bool:
    """Whether it is for want of a file."""
    return error.errno in _none_left


def is_none_left() -> bool:
    """Now; for what fails without saying why."""
    try:
        socket.socket().close()
    except OSError as e:
        return none_left(e)
    return False


def says_none_left(words: str) -> bool:
    """As ``none_left``, of the words of the HTTP client."""
    return any(f"(os error {number})" in words for number in _none_left)


def no_file() -> WireError:
    """Nothing was sent, and the far end has no part in it. The log has it once a minute."""
    global _said_at
    if (now := time.monotonic()) - _said_at >= SAID_EVERY:
        _said_at = now
        log.error("no file is left to open a connection with: raise the limit of open files (ulimit -n, LimitNOFILE)")
    return WireError(Reason.NO_FILE)
