"""The steps of the tutorial, exactly as written."""

import time
from dataclasses import dataclass

from tests.deployment.project import Answer, Done, Stack, until

CODE = "f853578c-fc0f-4e65-81b8-566c5dffa35a"

SESSION = f"""\
\\c application
\\d room
INSERT INTO room(code, size, price, longitude, latitude) VALUES ('{CODE}', 215, 39, -0.09998975, 51.75436293);
"""

_CACHED = 5.0
"""Seconds within which nginx asks again: it caches a search for one, two at most."""


@dataclass(frozen=True, slots=True)
class Walk:
    """What the steps printed. seconds: the duration of each step."""

    stack: Stack
    build: Done
    up: Done
    init: tuple[Done, Done]
    empty: Answer
    psql: Done
    shown: Answer
    seconds: dict[str, float]


def walk(stack: Stack) -> Walk:
    """Take every step, and continue after a failed one unless nothing would work without it."""
    seconds: dict[str, float] = {}

    def step(*arguments: str, text: str = "") -> Done:
        began = time.monotonic()
        done = stack.try_manage(*arguments, text=text)
        seconds[" ".join(arguments)] = time.monotonic() - began
        return done

    build = step("compose", "build", "web")
    up = step("compose", "up", "-d")
    assert up.returncode == 0, "\n".join(
        [build.stderr[-3000:], up.stderr[-3000:], stack.try_manage("compose", "logs", "--tail", "20").stdout]
    )
    init = step("init-postgres"), step("init-postgres")
    until(stack.answers, 60, "nginx answers")
    empty = stack.get("/rooms")
    psql = step("compose", "exec", "db", "psql", "-U", "postgres", text=SESSION)
    until(lambda: stack.get("/rooms").body != empty.body, _CACHED, "the room is shown")
    return Walk(stack, build, up, init, empty, psql, stack.get("/rooms"), seconds)
