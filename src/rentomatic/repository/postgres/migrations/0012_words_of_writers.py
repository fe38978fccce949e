"""Keeps the words of whoever writes them together with texts, even if these words have not changed.

A trigger sees the values of a row, but not which columns a statement sets: after `Quiet` became `Quiet!`, the
words are as before. So a program that writes both says so, for its transaction.

Revision ID: 0012
Revises: 0011
"""

from alembic import op

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None

SETTING = "rentomatic.writes_words"


def upgrade() -> None:
    op.execute(
        f"""
        CREATE OR REPLACE FUNCTION room_forgets_words() RETURNS trigger LANGUAGE plpgsql AS
        'BEGIN
            IF current_setting(''{SETTING}'', true) IS DISTINCT FROM ''on''
            THEN NEW.words := NULL; END IF; RETURN NEW; END'
        """
    )


def downgrade() -> None:
    op.execute(
        """
        CREATE OR REPLACE FUNCTION room_forgets_words() RETURNS trigger LANGUAGE plpgsql AS
        'BEGIN NEW.words := NULL; RETURN NEW; END'
        """
    )
