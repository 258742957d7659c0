"""A platform of the emergency broadcast system, as strict as its standard's readers were seen to be, and stricter.

Written from what platforms check and answer. It reads with other parsers than huijia writes with, does its own arithmetic
on the curve, and remembers every id it has seen.
"""
