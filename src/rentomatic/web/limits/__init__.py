"""How much of a process each request may take: lanes, turns, and clients that have gone away."""
