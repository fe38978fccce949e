"""Run by Alembic: the revisions, on the connection that it is handed, or as text.

Each revision of PostgreSQL is a transaction of its own, which holds its locks no longer than it must. Those
of SQLite are done in the transaction of the connection, all or none.
"""

from alembic import context

given = context.config.attributes
if context.is_offline_mode():
    context.configure(
        dialect_name=given["dialect"],
        transactional_ddl=True,
        transaction_per_migration=given["dialect"] == "postgresql",
    )
else:
    context.configure(connection=given["connection"], transaction_per_migration=True)
with context.begin_transaction():
    context.run_migrations()
