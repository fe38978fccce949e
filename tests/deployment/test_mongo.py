"""The stack's profile `mongo`, with a stand-in for the image of MongoDB."""

import uuid
from collections.abc import Iterator
from importlib.metadata import version
from pathlib import Path

import pytest

from tests.deployment.project import Stack, copy_of_the_project, docker, listing

STAND_IN = Path(__file__).parent / "mongo_stand_in"


@pytest.fixture
def image(docker_engine: None, tmp_path: Path) -> Iterator[str]:
    name = f"rentomatic-mongo-stand-in-{uuid.uuid4().hex[:8]}"
    version_of_the_server = f"SECANTUS={version('secantusdb')}"
    docker(
        "build", "--quiet", "--build-arg", version_of_the_server, "--tag", name, str(STAND_IN), timeout=600
    )
    yield name
    docker("rmi", "--force", name)


@pytest.fixture
def stack(image: str, tmp_path: Path) -> Iterator[Stack]:
    stack = copy_of_the_project(tmp_path, COMPOSE_PROFILES="mongo", MONGO_IMAGE=image, WEB_REPLICAS="1")
    try:
        yield stack
    finally:
        stack.remove()


def test_the_stack_runs_on_mongodb(stack: Stack) -> None:
    stack.manage("compose", "up", "--detach")
    stack.tool("import", "-", text=listing(50))
    stack.wait_until_served()

    assert [] == stack.containers("db")
    assert 50 == len(stack.get("/rooms").json)
    assert "the same rooms" in stack.tool("backup", "--verify")
    assert "mongodb://mongo:27017/application" in stack.tool("doctor")
