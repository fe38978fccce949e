"""The URL of rooms in memory."""

from rentomatic.repository.backend import Backend, Storage, Variables


def _of_url(url: str, variables: Variables) -> Backend:
    from rentomatic.repository.memory.backend import MemoryBackend

    if url != "memory:":
        raise ValueError("must be memory: with nothing behind it")
    return MemoryBackend()


STORAGE = Storage(schemes=("memory",), examples=("memory:",), backend=_of_url)
