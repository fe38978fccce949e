"""What the containers may do, and what is visible from outside: limits, users, and no secrets."""

import gzip
import io
import json
import stat
import subprocess
import tarfile
from typing import Any

import pytest

from tests.deployment.conftest import Figures
from tests.deployment.project import Stack, docker, run

SERVICES = ("db", "web", "nginx", "migrate")
MEGABYTE = 1_000_000


def containers(stack: Stack) -> dict[str, dict[str, Any]]:
    names = [name for service in SERVICES for name in stack.containers(service, stopped=True)]
    return {name: stack.inspect(name) for name in names}


def image(stack: Stack) -> str:
    return f"{stack.name}-web"


def test_every_container_is_confined(stack: Stack) -> None:
    for name, found in containers(stack).items():
        host = found["HostConfig"]
        assert host["ReadonlyRootfs"], name
        assert ["ALL"] == host["CapDrop"], name
        assert ["no-new-privileges:true"] == host["SecurityOpt"], name
        assert not host["Privileged"], name
        assert "" == host["PidMode"] and "private" == host["IpcMode"], name
        assert "host" != host["NetworkMode"], name


def test_every_container_has_limits(stack: Stack, figures: Figures) -> None:
    for name, found in containers(stack).items():
        host = found["HostConfig"]
        memory, cpus, pids = host["Memory"], host["NanoCpus"] / 1e9, host["PidsLimit"]
        figures.add(
            name.removeprefix(stack.name + "-"), f"{memory >> 20} MiB, {cpus:g} cpus, {pids} processes"
        )
        assert memory > 0, name
        assert cpus > 0, name
        assert (pids or 0) > 0, name


def test_every_service_restarts_after_a_failure(stack: Stack) -> None:
    found = {name: each["HostConfig"]["RestartPolicy"]["Name"] for name, each in containers(stack).items()}

    assert {"unless-stopped"} == {policy for name, policy in found.items() if "migrate" not in name}


def test_no_serving_process_runs_as_root(stack: Stack) -> None:
    for service in ("web", "nginx", "db"):
        for container in stack.containers(service):
            lines = docker("top", container, "-eo", "pid,uid,comm").splitlines()[1:]
            roots = [line.split()[-1] for line in lines if line.split()[1] == "0"]
            # A container's init runs as the user of its first program: the database's begins as root.
            assert roots == (["docker-init"] if service == "db" else []), lines


def test_only_nginx_publishes_ports(stack: Stack) -> None:
    published = {
        name: sorted(port for port, bound in (found["NetworkSettings"]["Ports"] or {}).items() if bound)
        for name, found in containers(stack).items()
    }
    (nginx,) = stack.containers("nginx")

    assert ["8080/tcp", "8443/tcp"] == published.pop(nginx)
    assert {()} == {tuple(ports) for ports in published.values()}


def test_the_database_cannot_reach_the_internet_and_nginx_cannot_reach_the_database(stack: Stack) -> None:
    network = json.loads(docker("network", "inspect", f"{stack.name}_data"))[0]
    nginx = stack.inspect(stack.container("nginx"))["NetworkSettings"]["Networks"]

    assert network["Internal"]
    assert [f"{stack.name}_front"] == list(nginx)


def test_secrets_are_files_that_only_their_owner_can_read(stack: Stack) -> None:
    folder = stack.folder / "docker" / "secrets"
    modes = {file.name: stat.S_IMODE(file.stat().st_mode) for file in (folder, *folder.iterdir())}

    assert 0o700 == modes.pop("secrets")
    assert {"postgres-password", "application-password"} <= set(modes)
    assert {0o600} == {mode for name, mode in modes.items() if name != "lock"}
    assert all(len(secret) >= 40 for secret in stack.secrets().values())


def test_no_secret_is_visible(stack: Stack, subtests: pytest.Subtests) -> None:
    told = {
        "docker inspect": json.dumps(containers(stack)),
        "docker history": docker("history", "--no-trunc", image(stack)),
        "docker image inspect": docker("image", "inspect", image(stack)),
        "compose config": stack.manage("compose", "config"),
        "compose config as JSON": stack.manage("compose", "config", "--format", "json"),
        "compose ps": stack.manage("compose", "ps", "--all", "--format", "json"),
        "compose logs": stack.manage("compose", "logs"),
        "processes": "".join(
            docker("top", name, "-eo", "pid,args") for s in SERVICES for name in stack.containers(s)
        ),
        "init-postgres": stack.manage("init-postgres"),
    }
    for where, text in told.items():
        with subtests.test(where):
            assert [] == [name for name, secret in stack.secrets().items() if secret in text]


def test_no_secret_is_in_the_image(stack: Stack) -> None:
    saved = docker_bytes("save", image(stack))
    needles = {name: secret.encode() for name, secret in stack.secrets().items()}
    found = [
        f"{name} in {member}"
        for member, content in _files(saved)
        for name, needle in needles.items()
        if needle in content
    ]

    assert [] == found


def docker_bytes(*arguments: str) -> bytes:
    return subprocess.run(["docker", *arguments], capture_output=True, check=True, timeout=120).stdout


def _files(saved: bytes) -> list[tuple[str, bytes]]:
    """Return the decompressed layers of an image as `docker save` writes them."""
    found = []
    with tarfile.open(fileobj=io.BytesIO(saved)) as tar:
        for member in tar:
            file = tar.extractfile(member) if member.isfile() else None
            if file is not None:
                content = file.read()
                found.append(
                    (member.name, gzip.decompress(content) if content[:2] == b"\x1f\x8b" else content)
                )
    return found


def test_the_image_adds_little_to_its_base(stack: Stack, figures: Figures) -> None:
    base = json.loads(stack.manage("compose", "config", "--format", "json"))["services"]["web"]["build"][
        "args"
    ]
    sizes = [
        json.loads(docker("image", "inspect", name))[0]["Size"]
        for name in (base["PYTHON_IMAGE"], image(stack))
    ]
    figures.add(
        "image of web",
        f"{(sizes[1] - sizes[0]) / MEGABYTE:.0f} MB beyond its base of {sizes[0] / MEGABYTE:.0f}",
    )

    assert sizes[1] - sizes[0] <= 200 * MEGABYTE


def test_the_image_contains_no_build_tools(stack: Stack) -> None:
    program = (
        "import importlib.util, pathlib, shutil; "
        "print([t for t in ('gcc', 'cc', 'g++', 'make', 'git', 'curl', 'uv') if shutil.which(t)], "
        "[m for m in ('pip', 'setuptools', 'pytest', 'mypy') if importlib.util.find_spec(m)], "
        "[p for p in ('/root/.cache', '/app/tests', '/build', '/app/docker') if pathlib.Path(p).exists()])"
    )
    found = docker("run", "--rm", "--user", "0", "--entrypoint", "python", image(stack), "-c", program)

    assert "[] [] []" == found.strip()


def test_the_image_runs_without_root_and_has_a_health_check(stack: Stack) -> None:
    config = json.loads(docker("image", "inspect", image(stack)))[0]["Config"]

    assert config["User"] not in ("", "root", "0")
    assert "rentomatic.server.watchdog" in " ".join(config["Healthcheck"]["Test"])


def test_only_tmp_is_writable(stack: Stack) -> None:
    for service in ("web", "nginx"):
        done = run(
            ["docker", "exec", stack.containers(service)[0], "sh", "-c", "echo x > /etc/x || echo x > /app/x"]
        )
        assert done.returncode != 0


def test_gunicorn_serves_too(stack: Stack) -> None:
    with stack.reconfigured(RENTOMATIC_SERVER="gunicorn"):
        log = stack.log(stack.containers("web")[0])
        search = stack.get("/rooms?filter_price__lt=60&limit=3")

    assert "gunicorn" in log
    assert (200, 3) == (search.status, len(search.json))
