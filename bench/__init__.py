"""Measurements. Nothing here is part of huijia; a figure is a ratio from one run (docs/performance.md)."""
