"""What a user would pick instead: each delivers the same messages to the same hosts on the same sink."""
