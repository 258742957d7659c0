"""The ``huijia`` command, one group of verbs a file."""
