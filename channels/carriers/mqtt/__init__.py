"""Screens that listen on a message broker: one publish reaches all of an area, and each of them answers for itself."""

from channels.carriers.mqtt.carrier import Mqtt

__all__ = ["Mqtt"]
