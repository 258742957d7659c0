"""Prometheus Alertmanager: one receiver with a webhook for each outlet. It keeps everything in memory, and cannot sign."""

import json
import time
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from bench.beside import process, program
from bench.hosts import address, free_port, wait_for_port

MOST = 10_000
TEXT = "x" * 520  # said twice in what it sends: 1.5 KB in all


def configuration(outlets: int, port: int) -> str:
    """JSON is YAML too."""
    hooks = [{"url": f"http://{address(n)}:{port}/hook", "send_resolved": False} for n in range(outlets)]
    route = {
        "receiver": "everybody", "group_by": ["alertname"], "group_wait": "0s", "group_interval": "1h",
        "repeat_interval": "24h",
    }  # fmt: skip
    return json.dumps({"route": route, "receivers": [{"name": "everybody", "webhook_configs": hooks}]})


@contextmanager
def opened(outlets: int, sink: int, folder: Path) -> Iterator[Callable[[str], float]]:
    """Send an alert of that name to every outlet; the moment before it was handed over."""
    port = free_port()
    (folder / "alertmanager.yml").write_text(configuration(outlets, sink))
    command = (
        program("prometheus-alertmanager", "alertmanager"), f"--config.file={folder / 'alertmanager.yml'}",
        f"--storage.path={folder / 'alertmanager'}", f"--web.listen-address=127.0.0.1:{port}",
        "--cluster.listen-address=", "--log.level=error",
    )  # fmt: skip

    def issue(name: str) -> float:
        body = json.dumps([{"labels": {"alertname": name}, "annotations": {"text": TEXT}}]).encode()
        headers = {"content-type": "application/json"}
        request = urllib.request.Request(f"http://127.0.0.1:{port}/api/v2/alerts", body, headers)
        begun = time.time()
        urllib.request.build_opener(urllib.request.ProxyHandler({})).open(request, timeout=10).close()
        return begun

    with process(command, folder / "alertmanager.log"):
        wait_for_port(port)
        yield issue
