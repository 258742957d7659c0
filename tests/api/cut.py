"""A wire to the database that can be cut, left hanging, and mended."""

import asyncio
from contextlib import suppress
from pathlib import Path

from sqlalchemy.engine import make_url


class Cut:
    """Stands between huijia and its PostgreSQL as a Unix socket of its own."""

    def __init__(self, url: str, folder: Path) -> None:
        self._there = make_url(url)
        host = self._there.query.get("host")
        self._far = f"{host}/.s.PGSQL.{self._there.query.get('port', 5432)}" if host else ""
        self._folder = folder
        self.url = f"postgresql://{self._there.username}@/{self._there.database}?host={folder}&port=5432"
        self._open, self._hangs = True, False
        self._lines: set[asyncio.StreamWriter] = set()
        self._carrying: set[asyncio.Task[None]] = set()
        self._server: asyncio.Server | None = None

    async def start(self) -> None:
        self._server = await asyncio.start_unix_server(self._take, self._folder / ".s.PGSQL.5432")

    async def stop(self) -> None:
        assert self._server is not None
        self.cut()
        self._server.close()
        await asyncio.gather(*self._carrying, return_exceptions=True)

    def cut(self) -> None:
        """Every line breaks, and no new one is taken."""
        self._open = False
        for writer in self._lines:
            writer.close()

    def hang(self) -> None:
        """Every line stays, and carries nothing any more."""
        self._hangs = True

    def mend(self) -> None:
        self._open, self._hangs = True, False

    async def _take(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if not self._open:
            writer.close()
            return
        host = self._there.host or "127.0.0.1"
        if self._far:
            far_reader, far_writer = await asyncio.open_unix_connection(self._far)
        else:
            far_reader, far_writer = await asyncio.open_connection(host, self._there.port or 5432)
        self._lines |= {writer, far_writer}
        for one, other in ((reader, far_writer), (far_reader, writer)):
            carrying = asyncio.create_task(self._carry(one, other))
            self._carrying.add(carrying)
            carrying.add_done_callback(self._carrying.discard)

    async def _carry(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with suppress(ConnectionError):
            while part := await reader.read(65536):
                while self._hangs:  # noqa: ASYNC110 - as a wire does, without being told
                    await asyncio.sleep(0.02)
                writer.write(part)
                await writer.drain()
        writer.close()
