"""Run by Alembic: the revisions, on the connection and in the transaction that it is handed, or as text."""

from alembic import context

if context.is_offline_mode():
    context.configure(dialect_name=context.config.attributes["dialect"], transactional_ddl=True)
    with context.begin_transaction():
        context.run_migrations()
else:
    context.configure(connection=context.config.attributes["connection"], target_metadata=None)
    context.run_migrations()
