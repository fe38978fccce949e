"""Run by Alembic: applies revisions on the connection that it is given, or writes them as text.

Each revision of PostgreSQL is a transaction of its own, so that it holds its locks as briefly as possible.
The revisions of SQLite run in the connection's transaction, all or none.
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
