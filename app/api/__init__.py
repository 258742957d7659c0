"""REST: police systems submit, partners fetch and send receipts, operators read."""
