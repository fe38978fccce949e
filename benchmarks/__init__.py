"""How fast the program is, beside what it is measured against in the same run; see `__main__`."""
