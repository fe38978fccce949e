"""Find the most expensive requests that a stranger can send: `./manage.py bench worst`."""
