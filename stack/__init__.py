"""The production stack, as managed by `./manage.py`. Standard library only, like `manage.py`."""
