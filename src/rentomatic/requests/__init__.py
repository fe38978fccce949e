"""From text to typed requests, for the web and the command line alike. Standard library only."""
