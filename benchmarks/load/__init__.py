"""Load by many people and by strangers, on servers of the benchmark's own: `./manage.py bench load`."""
