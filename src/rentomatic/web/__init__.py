"""The application: the HTTP API and the web pages."""
