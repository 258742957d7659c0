"""How a rendition gets there: one wire a file.

What wires share: ``http`` reads a status, ``answer`` a body; ``payload`` writes one; ``redact`` keeps secrets in.
"""
