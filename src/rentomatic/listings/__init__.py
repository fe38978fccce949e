"""Other people's files as rooms: their formats, columns and amounts."""
