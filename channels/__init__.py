"""What the public sees and hears (a channel) and how it gets there (a carrier).

A leaf: nothing here imports from ``app``. ``contract.py`` is all that the author of an outside adapter must read.
"""
