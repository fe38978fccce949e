"""Load by many people and abusive clients, on servers of the benchmark: `./manage.py bench load`."""
