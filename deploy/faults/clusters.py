"""PostgreSQL servers of the fault suite's own, and sessions on them."""

import contextlib
import glob
import os
import pwd
import shutil
import socket
import subprocess
import tempfile
import time

# A crash of the server loses nothing that it has handed to the system; a crash of the system is not what is tested here.
SETTINGS = {
    "fsync": "off",
    "full_page_writes": "off",
    "synchronous_commit": "on",
    "max_connections": "400",
    "shared_buffers": "64MB",
    "max_wal_size": "512MB",
    "log_min_messages": "fatal",
    "deadlock_timeout": "200ms",
}


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def tools():
    """The directory of the newest PostgreSQL server."""
    found = sorted(glob.glob("/usr/lib/postgresql/*/bin/pg_ctl"), key=lambda path: int(path.split("/")[4]))
    path = os.path.dirname(found[-1]) if found else os.path.dirname(shutil.which("pg_ctl") or "")
    if not path:
        raise SystemExit("error: no PostgreSQL server found; install the Debian package postgresql")
    return path


def as_server(command):
    """The command, run by somebody whom the server accepts: it refuses root."""
    if os.geteuid() != 0:
        return command
    user = "postgres" if any(entry.pw_name == "postgres" for entry in pwd.getpwall()) else "nobody"
    return ["setpriv", f"--reuid={user}", f"--regid={user}", "--clear-groups", *command]


class Cluster:
    """A server in a temporary directory, reached by TCP on 127.0.0.1 and by a Unix socket."""

    def __init__(self, settings=None, directory=None, wal=None, environment=None):
        self.directory = directory or tempfile.mkdtemp(prefix="swft.", dir="/tmp")
        self.data = os.path.join(self.directory, "data")
        self.port = free_port()
        self.environment = [f"{name}={value}" for name, value in (environment or {}).items()]
        os.chmod(self.directory, 0o777)
        command = [f"{tools()}/initdb", "-D", self.data, "-U", "postgres", "-E", "UTF8", "--locale=C", "-A", "trust", "-N"]
        subprocess.run(as_server(command + (["-X", wal] if wal else [])), check=True, stdout=subprocess.DEVNULL)
        lines = {**SETTINGS, **(settings or {}), "port": str(self.port), "listen_addresses": "127.0.0.1",
                 "unix_socket_directories": self.directory}
        with open(os.path.join(self.data, "postgresql.auto.conf"), "a") as file:
            file.writelines(f"{name} = '{value}'\n" for name, value in lines.items())
        self.start()

    def control(self, *arguments, check=True):
        # The server's own environment: nobody who starts it has it.
        command = ["env", *self.environment, f"{tools()}/pg_ctl", "-D", self.data, "-l",
                   os.path.join(self.directory, "log"), "-w", *arguments]
        return subprocess.run(as_server(command), check=check, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
                              timeout=120).returncode == 0

    def start(self, check=True):
        return self.control("start", check=check)

    def stop(self, mode="immediate", check=True):
        return self.control("-m", mode, "stop", check=check)

    def remove(self):
        self.stop(check=False)
        shutil.rmtree(self.directory, ignore_errors=True)

    def url(self, database, port=None, user="postgres"):
        return f"postgresql://{user}@127.0.0.1:{port or self.port}/{database}"

    def accepts(self):
        return subprocess.run(["psql", "-XAtqc", "select 1", self.url("postgres")], stdout=subprocess.DEVNULL,
                              stderr=subprocess.DEVNULL).returncode == 0

    def sql(self, database, text, retry=False, deadline=60):
        """Runs a script and answers its rows; with `retry` until a server is there to answer."""
        end = time.monotonic() + deadline
        while True:
            done = subprocess.run(["psql", "-XAtq", "-v", "ON_ERROR_STOP=1", "-F", "\t", self.url(database)], input=text,
                                  capture_output=True, text=True)
            if done.returncode == 0:
                return [line.split("\t") for line in done.stdout.splitlines()]
            if not retry or time.monotonic() > end:
                raise RuntimeError(f"{text[:200]}: {done.stderr}")
            time.sleep(0.1)

    @contextlib.contextmanager
    def session(self, database, text):
        """A session that has run a script and stays as it is, its locks and its snapshot with it."""
        for _ in range(100):
            process = subprocess.Popen(["psql", "-XAtq", "-v", "ON_ERROR_STOP=1", self.url(database)],
                                       stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
            process.stdin.write(text + "\nselect 'ready';\n")
            process.stdin.flush()
            if any(line.strip() == "ready" for line in process.stdout):
                break
            # It was the one that a deadlock ended: the same again.
            process.wait()
        else:
            raise RuntimeError(f"a session does not get through: {text}")
        try:
            yield process
        finally:
            process.stdin.close()
            process.wait()
