"""What people do with rooms, one module per action, and the port to the storage. Standard library only."""
