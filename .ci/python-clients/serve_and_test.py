"""Starts `bin/phalanx serve`, runs the clients against it, stops it, and looks for what it left."""

import os
import pathlib
import signal
import socket
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
import venv

HERE = pathlib.Path(__file__).resolve().parent
REPOSITORY = HERE.parent.parent
INSTALL_SECONDS = 600
START_SECONDS = 900  # the first start builds, unpacks native libraries and packs weights
STOP_SECONDS = 60
TEST_SECONDS = 300
CHECK_SECONDS = 900
EXITS_AFTER_SIGTERM = (0, 143, -signal.SIGTERM)

CONFIGURATION = """
phalanx {
  http.port = %d
  llm-configs = [
    {
      model-loading-config {
        model-id = clients
        model-source = embedded
        model-source = ${?PHALANX_MODEL_SOURCE}
      }
      engine-kwargs { tensor-parallel-size = 2 }
    }
  ]
}
"""


class Failure(Exception):
    """What was expected did not happen; the text says what."""


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def port_is_bound(port):
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


def processes_of_session(session):
    """Ids and names of the living processes of a session, zombies left out."""
    found = []
    for stat in pathlib.Path("/proc").glob("[0-9]*/stat"):
        try:
            text = stat.read_text()
        except OSError:  # ended meanwhile
            continue
        name = text[text.index("(") : text.rindex(")") + 1]
        fields = text[text.rindex(")") + 2 :].split()
        if fields[0] != "Z" and int(fields[3]) == session:
            found.append(f"{stat.parent.name} {name}")
    return found


class Server:
    """One `bin/phalanx serve` in a session of its own."""

    def __init__(self, work):
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self.log = work / "serve.log"
        configuration = work / "clients.conf"
        configuration.write_text(CONFIGURATION % self.port, encoding="utf-8")
        with self.log.open("wb") as log:
            self.process = subprocess.Popen(
                [REPOSITORY / "bin" / "phalanx", "serve", configuration],
                cwd=REPOSITORY, stdin=subprocess.DEVNULL, stdout=log, stderr=subprocess.STDOUT,
                start_new_session=True,
            )

    def wait_until_ready(self):
        deadline = time.monotonic() + START_SECONDS
        answer = "nothing"
        while time.monotonic() < deadline:
            if self.process.poll() is not None:
                raise Failure(f"the server ended with {self.process.returncode} while starting")
            answer = health(self.url)
            if answer == 200:
                return
            time.sleep(0.5)
        raise Failure(f"/health answered {answer} for {START_SECONDS} s; 200 was expected")

    def stop(self):
        """Ends the server as a service manager would, and checks that it went."""
        self.process.send_signal(signal.SIGTERM)
        try:
            code = self.process.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            raise Failure(f"the server still runs {STOP_SECONDS} s after SIGTERM") from None
        if code not in EXITS_AFTER_SIGTERM:
            raise Failure(f"the server exited with {code} after SIGTERM")
        left = processes_of_session(self.process.pid)
        if left:
            raise Failure(f"the server left processes behind: {', '.join(left)}")
        if port_is_bound(self.port):
            raise Failure(f"port {self.port} is still bound")
        if self.url not in self.log.read_text(encoding="utf-8", errors="replace"):
            raise Failure(f"the server never printed its URL {self.url}")

    def kill(self):
        if processes_of_session(self.process.pid):
            os.killpg(self.process.pid, signal.SIGKILL)

    def show_log(self):
        lines = self.log.read_text(encoding="utf-8", errors="replace").splitlines()
        print("---- the last lines of the server ----", *lines[-80:], sep="\n", file=sys.stderr)


def health(url):
    """The status that /health answers, or why there is none."""
    try:
        with urllib.request.urlopen(f"{url}/health", timeout=5) as answer:
            return answer.status
    except urllib.error.HTTPError as e:
        return e.code
    except OSError as e:
        return str(e)


def install(work):
    """Makes a virtual environment with the clients; returns its interpreter."""
    directory = work / "venv"
    venv.create(directory, with_pip=True)
    python = str(directory / "bin" / "python")
    pip = [python, "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
    run([*pip, "-r", str(HERE / "requirements.txt")], INSTALL_SECONDS)
    return python


def run(command, seconds, **environment):
    shown = " ".join(command)
    environment = {**os.environ, "PYTHONDONTWRITEBYTECODE": "1", **environment}
    try:
        done = subprocess.run(command, cwd=HERE, env=environment, timeout=seconds)
    except subprocess.TimeoutExpired:
        raise Failure(f"[{shown}] took more than {seconds} s") from None
    if done.returncode != 0:
        raise Failure(f"[{shown}] failed")


def check(python, url):
    options = {"faulthandler_timeout": TEST_SECONDS, "faulthandler_exit_on_timeout": "true"}
    tests = [python, "-m", "pytest", "-q", "-p", "no:cacheprovider", "test_openai_client.py"]
    for name, value in options.items():
        tests += ["-o", f"{name}={value}"]
    for command in (tests, [python, "load_check.py"]):
        run(command, CHECK_SECONDS, PHALANX_BASE_URL=url)


def serve_and_check(python, work):
    server = Server(work)
    try:
        server.wait_until_ready()
        check(python, server.url)
        server.stop()
    except Failure:
        server.show_log()
        raise
    finally:
        server.kill()


def main():
    signal.signal(signal.SIGTERM, lambda *_: sys.exit("python clients: ended by SIGTERM"))
    with tempfile.TemporaryDirectory() as name:
        work = pathlib.Path(name)
        python = install(work)
        running = os.environ.get("PHALANX_BASE_URL")
        if running:
            check(python, running.rstrip("/"))
        else:
            serve_and_check(python, work)


if __name__ == "__main__":
    try:
        main()
    except Failure as failure:
        sys.exit(f"python clients: {failure}")
    print("python clients: all well")
