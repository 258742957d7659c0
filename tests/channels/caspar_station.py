"""Settings that lead to the sandbox's CasparCG Server."""

from channels.carriers.amcp import AmcpSettings


def settings(port: int, **more: object) -> AmcpSettings:
    return AmcpSettings.model_validate({"host": "127.0.0.1", "port": port, **more})
