"""Create the first user while no login is needed, then run the server that requires one."""

import os
import subprocess
import sys
import time
from pathlib import Path

import pymongo
from pymongo.errors import PyMongoError

FOLDER = Path("/data/db")
# By its name, because the server announces this address to clients.
COMMAND = [sys.executable, "-m", "secantus", "--host", "mongo", "--storage-path", str(FOLDER)]


def make_user() -> None:
    password = Path(os.environ["MONGO_INITDB_ROOT_PASSWORD_FILE"]).read_text(encoding="utf-8").strip()
    client: pymongo.MongoClient[dict[str, object]] = pymongo.MongoClient(
        "mongo", directConnection=True, serverSelectionTimeoutMS=500
    )
    for _ in range(60):
        try:
            client.admin.command(
                "createUser", os.environ["MONGO_INITDB_ROOT_USERNAME"], pwd=password, roles=["root"]
            )
        except PyMongoError as error:
            print(error)
            time.sleep(0.5)
        else:
            return
    sys.exit("the server did not start")


if not any(FOLDER.iterdir()):
    server = subprocess.Popen(COMMAND)
    make_user()
    server.terminate()
    server.wait(30)
os.execv(sys.executable, [*COMMAND, "--auth"])
