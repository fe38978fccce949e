"""What people do with rooms, one module per act, and the port to the storage. Standard library only."""
