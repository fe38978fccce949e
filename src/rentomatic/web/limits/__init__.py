"""Who may have how much of this process at a time: lanes, turns, and clients that are gone."""
