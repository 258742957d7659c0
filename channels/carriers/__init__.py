"""How a rendition gets there: one wire a file, and beside it the parts of those that are more than a call.

What wires share: ``http`` reads a status, ``answer`` a body; ``payload`` writes one; ``redact`` keeps secrets in; ``session``
calls with a token; ``address`` is how addresses and keys are written down.
"""
