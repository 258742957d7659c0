"""The far ends: loopback stations, screens, a chat robot and a polling app that speak huijia's public wires, and the
clouds by way of which others are called.

Written from docs/channels/payload.md and the vendors' pages alone. It shares no code with ``app`` or ``channels``, so
that a mistake made there is not made here too, and it verifies signatures with a library that is not ours.
"""
