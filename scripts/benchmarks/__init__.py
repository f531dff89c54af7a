"""The parts of `make bench`: each runs in a process of its own, so that its memory peak is its own (docs/benchmarks.md)."""
