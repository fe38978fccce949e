"""The `rentomatic` command."""
