"""Far ends of wires that are more than one HTTP call: a module a carrier, named like it. See ``far_ends.py``."""
