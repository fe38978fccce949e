"""The HTTP API: one module per resource, and its contract (OpenAPI)."""
