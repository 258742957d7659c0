"""What a peer's processes are told through their environment, whatever starts them."""

import os

PORT = int(os.environ.get("BENCH_PORT", "0"))
"""Of the sink, at every address."""
STORE = os.environ.get("BENCH_STORE", "")
"""The address of the peer's database or of its Redis."""
PICKED = os.environ.get("BENCH_CLIENT") == "picked"
"""Whether it sends with a client that its user would pick, and not with huijia's own."""
IN_FLIGHT = 500
"""Sends at once for each process: more made none of them faster."""
