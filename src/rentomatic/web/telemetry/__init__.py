"""What an operator sees of the application: logs and metrics."""
