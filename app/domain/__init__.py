"""The rules. Standard library only; time is an argument; nothing awaits."""
