"""Progress of long work, on a terminal."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager

from rich.console import Console
from rich.progress import Progress, SpinnerColumn, TextColumn

from rentomatic.domain.room import Room


@contextmanager
def adding_up(step: str) -> Iterator[Callable[[int], None]]:
    """Gives what takes numbers of rooms, and shows their sum on the terminal, if there is one.

    step: as for `counting`. Nothing is shown before the first number.
    """
    with _bar() as bar:
        task = bar.add_task(step, visible=False)
        yield lambda rooms: bar.update(task, advance=rooms, visible=True)


@contextmanager
def counting(*steps: str) -> Iterator[Callable[[Iterator[Room]], Iterator[Room]]]:
    """Counts the rooms of each step, such as `copied`, on the terminal, if there is one."""
    names = iter(steps)
    with _bar() as bar:
        if bar.disable:
            yield iter
            return

        def watched(rooms: Iterator[Room]) -> Iterator[Room]:
            task = bar.add_task(next(names))
            number = 0
            for number, room in enumerate(rooms, 1):
                if number % 1000 == 0:
                    bar.update(task, completed=number)
                yield room
            bar.update(task, completed=number)

        yield watched


def _bar() -> Progress:
    """Return the progress of tasks whose descriptions are the steps; disabled without a terminal."""
    console = Console(stderr=True)
    text = TextColumn("{task.completed:,.0f} rooms {task.description}")
    return Progress(SpinnerColumn(), text, console=console, disable=not console.is_terminal)
