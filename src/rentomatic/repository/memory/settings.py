"""The URL of rooms in memory."""

from rentomatic.repository.backend import Backend, Storage, Variables


def _of_url(url: str, variables: Variables) -> Backend:
    from rentomatic.repository.memory.backend import MemoryBackend

    if url != "memory:":
        raise ValueError("must be memory: and nothing else")
    return MemoryBackend()


STORAGE = Storage(schemes=("memory",), examples=("memory:",), backend=_of_url)
