"""Who may write: API keys, and sessions of staff in a browser."""
