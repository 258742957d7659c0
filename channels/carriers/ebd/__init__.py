"""应急广播: EBM messages in EBD packets, as the platforms of the emergency broadcast system exchange them.

``forms`` holds what the years differ in, ``memory`` the ids that must outlive an attempt, ``exchange`` one packet out and
one back, ``evidence`` what a report proves. docs/channels/ebd.md tells the far end's side.
"""
