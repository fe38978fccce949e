"""Benchmarks: the program's speed beside that of its peers in the same run; see `__main__`."""
