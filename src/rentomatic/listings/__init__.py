"""Files of others as rooms: their notations, columns and amounts."""
