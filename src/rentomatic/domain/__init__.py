"""What a room is and what it means to search for one. Standard library only."""
