"""Who may write: keys of the API, and sessions of staff in a browser."""
