"""The HTTP API: one module for each resource, and the contract of all of them."""
