"""The production stack: what `./manage.py` does with it. Standard library only, like `manage.py`."""
