"""`wsgi:app`, for any WSGI server: `granian --interface wsgi wsgi:app`, `gunicorn wsgi:app`."""

from rentomatic.bootstrap import application

app = application()
