"""What an operator sees of the application: its log and its metrics."""
