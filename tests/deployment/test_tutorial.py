"""The tutorial, and a certificate installed afterwards."""

import json
import shutil
import subprocess
import time
from collections.abc import Iterator

import pytest

from tests.deployment.conftest import Figures
from tests.deployment.project import Stack, docker, run, until
from tests.deployment.tutorial import CODE, Walk


def test_every_step_of_the_tutorial_succeeds(tutorial: Walk, figures: Figures) -> None:
    steps = (tutorial.build, tutorial.up, *tutorial.init, tutorial.psql)
    for step, seconds in tutorial.seconds.items():
        figures.add(f"./manage.py {step}", f"{seconds:.1f} s")

    assert [0] * 5 == [step.returncode for step in steps], [step.stderr[-500:] for step in steps]


def test_init_postgres_may_be_repeated(tutorial: Walk) -> None:
    first, second = tutorial.init

    assert "There is a database application." in first.stdout
    assert first.stdout == second.stdout


def test_the_room_from_the_tutorial_is_shown(tutorial: Walk) -> None:
    room = {"code": CODE, "size": 215, "price": 39, "latitude": 51.75436293, "longitude": -0.09998975}

    assert (200, []) == (tutorial.empty.status, tutorial.empty.json)
    assert [room] == tutorial.shown.json


def test_psql_shows_the_table_and_inserts_the_room(tutorial: Walk) -> None:
    output = tutorial.psql.stdout

    assert 'connected to database "application"' in output
    assert 'Table "public.room"' in output
    assert "INSERT 0 1" in output


@pytest.fixture
def certificate(stack: Stack) -> Iterator[None]:
    folder = stack.folder / "docker" / "tls"
    key, crt = folder / "tls.key", folder / "tls.crt"
    command = [
        "openssl",
        "req",
        "-x509",
        "-newkey",
        "rsa:2048",
        "-nodes",
        "-days",
        "90",
        "-subj",
        "/CN=localhost",
    ]
    made = [*command, "-keyout", str(folder.parent / "k"), "-out", str(folder.parent / "c")]
    subprocess.run(made, check=True, capture_output=True, timeout=60)
    shutil.move(folder.parent / "k", key)
    shutil.move(folder.parent / "c", crt)
    stack.manage("compose", "ps")  # as an operator may do under another user than the containers'
    yield
    crt.unlink()
    key.unlink()
    until(stack.answers, 30, "HTTP is served again without a certificate")


def test_a_new_certificate_is_used_within_seconds(stack: Stack, certificate: None, figures: Figures) -> None:
    began = time.monotonic()
    until(lambda: stack.get("/rooms").status == 308, 30, "HTTP leads to HTTPS")
    figures.add("certificate put in place, then HTTPS", f"{time.monotonic() - began:.1f} s")
    redirect = stack.get("/rooms?limit=1&sort=price", {"Host": "rooms.example:80"})
    url = f"https://localhost:{stack.tls_port}/rooms?limit=1"
    form = "%{http_version} %{response_code}"
    over_http2 = run(["curl", "--insecure", "--http2", "--silent", "--output", "/dev/null", "-w", form, url])
    secure = stack.get_by_tls("/rooms?limit=1")

    assert ["https://rooms.example:" + str(stack.tls_port) + "/rooms?limit=1&sort=price"] == redirect.header(
        "location"
    )
    assert over_http2.stdout == "2 200"
    assert ["max-age=31536000"] == secure.header("strict-transport-security")
    assert len(secure.json) == 1


def test_an_old_version_of_tls_is_refused(stack: Stack, certificate: None) -> None:
    until(lambda: stack.get("/rooms").status == 308, 30, "HTTP leads to HTTPS")
    url = f"https://localhost:{stack.tls_port}/rooms?limit=1"
    old = ["curl", "--insecure", "--silent", "--tls-max", "1.1", "--ciphers", "DEFAULT@SECLEVEL=0", url]

    assert run(old).returncode == 35


def test_an_invalid_certificate_leaves_the_previous_one_in_use(stack: Stack, certificate: None) -> None:
    until(lambda: stack.get("/rooms").status == 308, 30, "HTTP leads to HTTPS")
    key = stack.folder / "docker" / "tls" / "tls.key"
    good, nginx, web = key.read_text(), stack.container("nginx"), stack.containers("web")[0]
    key.write_text("no key")
    until(lambda: "tls.key cannot be used" in stack.log(nginx), 30, "nginx's log names it")
    docker("stop", web)
    until(lambda: len(stack.followed()) == 1, 30, "nginx still follows: one server less")
    docker("start", web)
    until(stack.settled, 60, "nginx follows: the server is back")
    broken = stack.get_by_tls("/rooms?limit=1")
    doctor = stack.try_manage("stack", "doctor")
    docker("restart", nginx)
    until(stack.settled, 60, "nginx knows all servers after its start")
    restarted = stack.get_by_tls("/rooms?limit=1")
    key.write_text(good)

    assert [200, 200] == [broken.status, restarted.status]
    assert "tls.key is not the key of" in " ".join(doctor.stdout.split())


def test_an_authority_can_verify_the_domain_over_http(stack: Stack, certificate: None) -> None:
    until(lambda: stack.get("/rooms").status == 308, 30, "HTTP leads to HTTPS")
    folder = stack.folder / "docker" / "tls" / "acme" / ".well-known" / "acme-challenge"
    folder.mkdir(parents=True)
    (folder / "token").write_text("proof")
    stack.manage("compose", "ps")
    answer = stack.get("/.well-known/acme-challenge/token")
    shutil.rmtree(stack.folder / "docker" / "tls" / "acme")

    assert (200, b"proof") == (answer.status, answer.body)


def test_an_invalid_certificate_does_not_affect_http(stack: Stack) -> None:
    folder = stack.folder / "docker" / "tls"
    nginx, complaint = stack.container("nginx"), "tls.key cannot be used"
    before = stack.log(nginx).count(complaint)
    for name in ("tls.crt", "tls.key"):
        (folder / name).write_text("no certificate")
    stack.manage("compose", "ps")
    until(lambda: stack.log(nginx).count(complaint) > before, 30, "nginx has looked at it")
    try:
        assert stack.get("/rooms").status == 200
        assert json.loads(stack.get("/rooms?limit=1").body)
    finally:
        for name in ("tls.crt", "tls.key"):
            (folder / name).unlink()
