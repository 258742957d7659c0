"""The HTTP client that carriers share: pyreqwest, a Rust client measured to carry many times what httpx does."""

from collections.abc import Mapping
from datetime import timedelta

from pyreqwest.client import Client, ClientBuilder
from pyreqwest.exceptions import (
    ClientClosedError,
    ConnectError,
    PyreqwestError,
    RequestTimeoutError,
)

from channels.contract import Reason, Reply, WireError

BODY_LIMIT = 64 * 1024


class HttpWire:
    """Redirects are reported, not followed; no proxy, no cookies, nothing is decompressed, a body is cut at 64 KiB."""

    def __init__(self) -> None:
        builder = ClientBuilder().follow_redirects(False).no_proxy().error_for_status(False)
        builder = builder.gzip(False).brotli(False).deflate(False).zstd(False)
        self._client: Client = builder.pool_idle_timeout(timedelta(seconds=30)).build()

    async def post(self, url: str, *, body: bytes, headers: Mapping[str, str], timeout: timedelta) -> Reply:
        """One POST. Every failure is a WireError; its detail is one of ours and holds no URL."""
        try:
            request = self._client.post(url).headers(dict(headers)).body_bytes(body).timeout(timeout)
            async with request.build_streamed() as response:
                answer = bytearray()
                while len(answer) < BODY_LIMIT and (part := await response.body_reader.read(BODY_LIMIT)) is not None:
                    answer += bytes(part)
                found = {k.lower(): v for k, v in response.headers.items()}
                return Reply(response.status, found, bytes(answer[:BODY_LIMIT]))
        except RequestTimeoutError as e:
            raise WireError(Reason.TIMEOUT, "未在时限内完整应答") from e
        except ConnectError as e:
            if _had_connected(e):
                raise WireError(Reason.BROKEN, "连接在应答前中断") from e
            raise WireError(Reason.UNREACHABLE, "无法建立连接") from e
        except (ValueError, ClientClosedError) as e:  # no such address, or a process that is stopping
            raise WireError(Reason.UNREACHABLE, "无法建立连接") from e
        except PyreqwestError as e:
            raise WireError(Reason.BROKEN, "连接中断或应答不合 HTTP 规范") from e

    async def close(self) -> None:
        await self._client.close()


def _had_connected(error: ConnectError) -> bool:
    """The client calls it a ConnectError, too, when the far end hangs up on a request that it may well have read."""
    causes = (error.details or {}).get("causes") or []
    return any("SendRequest" in str(cause.get("message")) for cause in causes)
