"""What people and police systems fill in, checked field by field before anything is believed. Every edge asks the same."""
