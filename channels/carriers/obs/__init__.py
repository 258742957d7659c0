"""OBS Studio by obs-websocket 5: docs/channels/obs.md."""

from channels.carriers.obs.carrier import Obs, ObsSettings

__all__ = ["Obs", "ObsSettings"]
