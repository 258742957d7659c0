"""One use case a file. A flow takes an open transaction and never commits it; the edge that opened it does."""
