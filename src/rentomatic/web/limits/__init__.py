"""Limits on what each request may take: lanes, turns, and clients that have gone away."""
