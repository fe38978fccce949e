"""Progress of long work, on a terminal."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager

from rich.console import Console
from rich.progress import Progress, SpinnerColumn, TextColumn

from rentomatic.domain.room import Room


@contextmanager
def counting(*steps: str) -> Iterator[Callable[[Iterator[Room]], Iterator[Room]]]:
    """Counts the rooms of each step, such as `copied`, on the terminal, if there is one."""
    console = Console(stderr=True)
    if not console.is_terminal:
        yield iter
        return
    names = iter(steps)
    with Progress(
        SpinnerColumn(), TextColumn("{task.completed:,.0f} rooms {task.description}"), console=console
    ) as bar:

        def watched(rooms: Iterator[Room]) -> Iterator[Room]:
            task = bar.add_task(next(names))
            number = 0
            for number, room in enumerate(rooms, 1):
                if number % 1000 == 0:
                    bar.update(task, completed=number)
                yield room
            bar.update(task, completed=number)

        yield watched
