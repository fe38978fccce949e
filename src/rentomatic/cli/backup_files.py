"""What the trailers of backups in the directory say, for the commands backup and doctor."""

from datetime import timedelta
from pathlib import Path

from rentomatic.domain.quoting import counted
from rentomatic.repository.backend import Backend, InFile
from rentomatic.repository.backups import BackupFile, backups_in
from rentomatic.serializers.backup import TRAILER_BYTES, BackupDamaged, BackupTooNew, Trailer, trailer_of

DAMAGED = "damaged"


def name_of(storage: Backend) -> str:
    """Return the name of the storage in backups: of a file the resolved path, however it was written."""
    return str(storage.path.resolve()) if isinstance(storage, InFile) else storage.label


def storage_of(backup: BackupFile) -> str | None:
    """Return the storage that the backup names, None if it cannot be read."""
    try:
        return _trailer_of(backup).storage
    except (BackupDamaged, BackupTooNew, FileNotFoundError):  # or just removed
        return None


def rooms_in(backup_file: BackupFile) -> str:
    """Return the number of rooms in a backup, from its trailer alone; else DAMAGED, or `unknown`."""
    try:
        return f"{_trailer_of(backup_file).count:,}"
    except BackupDamaged:
        return DAMAGED
    except BackupTooNew:
        return "unknown"


def backups_of(directory: Path, storage: str) -> list[BackupFile]:
    """Return a storage's backups, newest first, and those that do not name a storage. Raises OSError."""
    return [backup for backup in backups_in(directory) if storage_of(backup) in (storage, None)]


def largest_backup(directory: Path, storage: str, but: Path | None = None) -> tuple[BackupFile, int] | None:
    """Return the storage's largest backup and its number of rooms; None if no backup is intact.

    Not only the newest backup counts: after a loss it is small itself. Backups older than one made with
    --fewer-rooms do not count. Raises OSError.
    """
    largest = None
    for backup in backups_in(directory):
        try:
            trailer = _trailer_of(backup)
        except (BackupDamaged, BackupTooNew, FileNotFoundError):  # or just removed
            continue
        if trailer.storage != storage:
            continue
        if backup.path != but and (largest is None or trailer.count > largest[1]):
            largest = backup, trailer.count
        if trailer.fewer_rooms:
            break
    return largest


def loss_since(largest: tuple[BackupFile, int] | None, rooms: int) -> str | None:
    """Return a warning if fewer than half of the rooms of the largest backup are left, else None."""
    if largest is None or 2 * rooms >= largest[1]:
        return None
    backup, before = largest
    return (
        f"Only {rooms:,} of {counted(before, 'room')} remain since {backup.path.name}. "
        f"If they were lost, restore them with `rentomatic restore {backup.path} --yes`. "
        "If they were removed on purpose, run `rentomatic backup --fewer-rooms`."
    )


def _trailer_of(backup_file: BackupFile) -> Trailer:
    with backup_file.path.open("rb") as file:
        file.seek(max(0, backup_file.size - TRAILER_BYTES))
        return trailer_of(file.read(), str(backup_file.path))


def age_text(age: timedelta) -> str:
    """Return an age, such as `3 hours`; below a minute `just now`."""
    minutes = int(age.total_seconds() // 60)
    for unit, length in (("day", 1440), ("hour", 60), ("minute", 1)):
        if number := max(0, minutes) // length:
            return counted(number, unit)
    return "just now"


def megabytes(size: int) -> str:
    """Return a number of bytes, such as `1.2 MB`."""
    return f"{size / 1e6:,.1f} MB"
