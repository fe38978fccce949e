"""The commands, each in a module of its name; `restore` is in `backup`, `init-postgres` in `migrate`."""
