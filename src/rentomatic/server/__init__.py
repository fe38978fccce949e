"""The processes that serve the application: granian or gunicorn, their workers and connections."""
