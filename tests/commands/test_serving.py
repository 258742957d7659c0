"""The server's own manners."""

import asyncio
import os
import socket

import pytest
import uvloop

from app.commands.serving import UNHEARD_MILLISECONDS, notice_the_dead


@pytest.mark.parametrize("factory", [asyncio.new_event_loop, uvloop.new_event_loop], ids=["asyncio", "uvloop"])
def test_connections_end_when_nothing_is_acknowledged(factory: object) -> None:
    """As a listener of uvicorn's has it, in the loop of the tests and in the one that we run on."""

    async def accepted() -> int:
        taken: asyncio.Future[int] = asyncio.get_running_loop().create_future()

        class Guest(asyncio.Protocol):
            def connection_made(self, transport: asyncio.BaseTransport) -> None:
                with socket.socket(fileno=os.dup(transport.get_extra_info("socket").fileno())) as end:
                    taken.set_result(end.getsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT))

        server = await asyncio.get_running_loop().create_server(Guest, "127.0.0.1", 0)
        notice_the_dead(server.sockets[0].fileno())
        _, writer = await asyncio.open_connection("127.0.0.1", server.sockets[0].getsockname()[1])
        found = await taken
        writer.close()
        server.close()
        return found

    with asyncio.Runner(loop_factory=factory) as runner:  # type: ignore[arg-type]  # both make a loop
        assert runner.run(accepted()) == UNHEARD_MILLISECONDS
