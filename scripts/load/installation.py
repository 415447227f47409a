"""A whole installation for measurements: the release binary, a simulated org, a private database, each as processes.

Only Python's own library. Everything lives in one temporary folder and ends with it.
"""

import atexit
import hashlib
import hmac
import json
import os
import pathlib
import pwd
import shutil
import signal
import socket
import sqlite3
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request

ROOT = pathlib.Path(__file__).resolve().parents[2]
HOOK = b"a webhook secret"
ENVIRONMENT = {
    **os.environ,
    "MATCHBOOK_SECRET_CLIENT": "matchbook-demo",
    "MATCHBOOK_SECRET_HOOK": HOOK.decode(),
    "MATCHBOOK_ENCRYPTION_KEY": "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=",
    "MATCHBOOK_ALLOW_LOOPBACK_ORGS": "true",
    "MATCHBOOK_LOG": os.environ.get("MATCHBOOK_LOG", "error"),
}


def start(command, **options):
    """A process that does not outlive this one."""
    process = subprocess.Popen([str(part) for part in command], **options)
    atexit.register(lambda: process.poll() is None and process.kill())
    return process


def needed(program, what_for):
    """The path of a program that must be installed."""
    found = shutil.which(program)
    if not found:
        sys.exit(f"{program} is needed {what_for}: install it and run this again")
    return found


def binary():
    """The program to measure: $MATCHBOOK, else the release build."""
    path = pathlib.Path(os.environ.get("MATCHBOOK", ROOT / "target/release/matchbook"))
    if not path.exists():
        sys.exit(f"{path} is not there: build it first, as docs/performance.md says")
    return str(path)


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def call(url, body=None, method=None, headers=None):
    """The JSON that a URL answers with; fails on any status but 2xx."""
    data = body if isinstance(body, bytes) else None if body is None else json.dumps(body).encode()
    request = urllib.request.Request(url, data=data, method=method, headers=headers or {})
    with urllib.request.urlopen(request, timeout=60) as answer:
        text = answer.read()
    return json.loads(text) if text else None


def until(condition, what, seconds=60):
    """Waits for something that is about to happen."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        result = condition()
        if result:
            return result
        time.sleep(0.02)
    sys.exit(f"{what}: not after {seconds} s")


def is_answering(url):
    try:
        urllib.request.urlopen(url, timeout=5).close()
        return True
    except (OSError, urllib.error.URLError):
        return False


def processor_seconds(process):
    """User and system time of a process so far, with that of its children, living and ended."""
    tick = os.sysconf("SC_CLK_TCK")
    fields = lambda pid: pathlib.Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
    spent = sum(int(ticks) for ticks in fields(process.pid)[11:15])
    for pid in pathlib.Path(f"/proc/{process.pid}/task/{process.pid}/children").read_text().split():
        try:
            spent += sum(int(ticks) for ticks in fields(pid)[11:13])
        except FileNotFoundError:
            pass
    return spent / tick


def machine_seconds():
    """What all processors of the machine have worked so far: user, nice, system, interrupts."""
    fields = pathlib.Path("/proc/stat").read_text().splitlines()[0].split()
    return sum(int(fields[n]) for n in (1, 2, 3, 6, 7)) / os.sysconf("SC_CLK_TCK")


class Sqlite:
    """A SQLite file."""

    name = "sqlite"

    def __init__(self, folder):
        self.url = str(folder / "matchbook.db")

    def processor_seconds(self):
        """SQLite works within the server."""
        return 0

    def rows(self, text):
        """All rows of a query."""
        with sqlite3.connect(self.url, timeout=30) as connection:
            rows = connection.execute(text).fetchall()
        connection.close()
        return rows

    def run(self, script):
        """Runs statements, all or none."""
        connection = sqlite3.connect(self.url, timeout=30)
        connection.executescript("BEGIN;" + script + ";COMMIT;")
        connection.close()

    def stop(self):
        pass


class Postgres:
    """A private PostgreSQL that syncs every commit to the disk. It refuses to run as root: then it runs as the user postgres."""

    name = "postgres"

    def __init__(self, folder):
        self.folder = folder / "postgres"
        self.folder.mkdir()
        os.chmod(folder, 0o755)
        self.user = None
        if os.getuid() == 0:
            self.user = pwd.getpwnam("postgres")
            os.chown(self.folder, self.user.pw_uid, self.user.pw_gid)
        versions = sorted(pathlib.Path("/usr/lib/postgresql").glob("*/bin"))
        self.binaries = versions[-1] if versions else pathlib.Path(needed("postgres", "to measure on PostgreSQL")).parent
        data = self.folder / "data"
        self._as_user([self.binaries / "initdb", "-D", data, "-U", "postgres", "-A", "trust"], check=True)
        server = [self.binaries / "postgres", "-D", data, "-k", self.folder, "-c", "listen_addresses=", "-c", "max_connections=100"]
        log = open(self.folder / "server.log", "wb")
        self.process = start(server, user=self._uid(), stdout=log, stderr=log, cwd=self.folder)
        until(lambda: b"ready to accept" in (self.folder / "server.log").read_bytes(), "PostgreSQL starts")
        self.url = f"postgres:///postgres?host={self.folder}&user=postgres"

    def processor_seconds(self):
        """User and system time of all its processes so far."""
        return processor_seconds(self.process)

    def _uid(self):
        return self.user.pw_uid if self.user else None

    def _as_user(self, command, **options):
        command = [str(part) for part in command]
        return subprocess.run(command, user=self._uid(), capture_output=True, cwd=self.folder, **options)

    def _psql(self, text):
        command = [self.binaries / "psql", "-h", self.folder, "-U", "postgres", "-qAt", "-F", "\x1f", "-v", "ON_ERROR_STOP=1", "--single-transaction", "-f", "-"]
        done = subprocess.run([str(part) for part in command], input=text.encode(), capture_output=True)
        if done.returncode:
            sys.exit(done.stderr.decode())
        return done.stdout.decode()

    def rows(self, text):
        """All rows of a query; whole numbers as numbers."""
        as_value = lambda text: int(text) if text.lstrip("-").isdigit() else text or None
        return [tuple(as_value(v) for v in line.split("\x1f")) for line in self._psql(text).splitlines()]

    def run(self, script):
        """Runs statements, all or none."""
        self._psql(script)

    def stop(self):
        self.process.send_signal(signal.SIGINT)
        self.process.wait()


DATABASES = {"sqlite": Sqlite, "postgres": Postgres}


class Org:
    """A simulated org as a process of its own."""

    def __init__(self, world="empty"):
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        command = [binary(), "orgsim", "--port", str(self.port), "--world", world]
        self.process = start(command, env=ENVIRONMENT, stdout=subprocess.DEVNULL)
        until(lambda: is_answering(f"{self.url}/services/data"), "the simulated org starts")

    def control(self, method, path, body=None):
        return call(f"{self.url}/_sim/{path}", body, method)

    def records(self, thing):
        """The records of an object that are not in the recycle bin."""
        return [r for r in self.control("GET", f"records/{thing}") if not r.get("IsDeleted")]

    def stop(self):
        self.process.terminate()
        self.process.wait()


class Server:
    """`matchbook serve` as a process."""

    def __init__(self, database, workers=4, arguments=(), environment=None, errors=None):
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        command = [binary(), "serve", "--listen", f"127.0.0.1:{self.port}", "--database", database.url, "--workers", str(workers), *arguments]
        self.process = start(command, env={**ENVIRONMENT, **(environment or {})}, stderr=errors)
        until(lambda: self.process.poll() is not None or is_answering(f"{self.url}/ready"), "the server starts")
        if self.process.poll() is not None:
            sys.exit("the server did not start; see what it says above")

    def deliver(self, body):
        """Posts one signed webhook."""
        return call(f"{self.url}/webhooks/calcom", body, headers={"X-Cal-Signature-256": sign(body)})

    def peak_memory(self):
        """The most resident memory so far, in MB."""
        return self._status("VmHWM") / 1024

    def processor_seconds(self):
        """User and system time so far."""
        return processor_seconds(self.process)

    def _status(self, key):
        lines = pathlib.Path(f"/proc/{self.process.pid}/status").read_text().splitlines()
        return int(next(line.split()[1] for line in lines if line.startswith(key)))

    def stop(self):
        self.process.terminate()
        return self.process.wait()

    def kill(self):
        self.process.kill()
        self.process.wait()


def sign(body):
    return hmac.new(HOOK, body, hashlib.sha256).hexdigest()


def configure(database, folder, org_url):
    """One connection, one host, one event type, one source."""
    file = folder / "matchbook.yaml"
    file.write_text(f"""connections:
  main:
    name: Main org
    login_host: {org_url}
    grant: client_credentials
    client_id: matchbook-demo
    client_secret: {{secret: CLIENT}}
hosts:
  ann: {{name: Ann Host, email: ann@seller.example, time_zone: Europe/London}}
event_types:
  discovery-call:
    title: Discovery Call
    length_minutes: 30
    hosts: [ann]
    salesforce: {{connection: main}}
sources:
  calcom: {{kind: cal.com, name: Cal.com, secret: {{secret: HOOK}}}}
""")
    subprocess.run([binary(), "apply", str(file), "--database", database.url], env=ENVIRONMENT, check=True, stdout=subprocess.DEVNULL)


def prepare(org, booking_id_field=True):
    """Ann's Salesforce user, and the Event field that carries the booking id: a dict changes how it is."""
    ann = {"FirstName": "Ann", "LastName": "Host", "Username": "ann@seller.example", "Email": "ann@seller.example", "Alias": "ann", "IsActive": True, "UserType": "Standard"}
    org.control("POST", "records", {"User": [ann]})
    if booking_id_field is not False:
        field = {"name": "Matchbook_Booking_Id__c", "label": "Matchbook Booking ID", "type": "string", "length": 64}
        extra = booking_id_field if isinstance(booking_id_field, dict) else {}
        org.control("POST", "fields", {"Event": [{**field, **extra}]})


def webhook(uid, email, /, name="Jane Roe", trigger="BOOKING_CREATED", created_at="2026-05-04T09:00:00.538Z", **changes):
    """A Cal.com delivery as its server sends it, as bytes."""
    payload = {
        "type": "discovery-call", "title": f"Discovery Call between Ann Host and {name}", "description": "", "additionalNotes": "Wants pricing",
        "customInputs": {}, "startTime": "2027-05-06T09:30:00Z", "endTime": "2027-05-06T10:00:00Z",
        "organizer": {"id": 5, "name": "Ann Host", "email": "ann@seller.example", "username": "ann", "timeZone": "Europe/London", "language": {"locale": "en"}, "timeFormat": "h:mma", "utcOffset": 60},
        "responses": {
            "name": {"label": "your_name", "value": name, "isHidden": False},
            "email": {"label": "email_address", "value": email, "isHidden": False},
            "notes": {"label": "additional_notes", "value": "Wants pricing"},
            "guests": {"label": "additional_guests", "value": []},
            "company": {"label": "Company", "value": "Acme Ltd"},
        },
        "userFieldsResponses": {"company": {"label": "Company", "value": "Acme Ltd"}},
        "attendees": [{"email": email, "name": name, "timeZone": "America/New_York", "language": {"locale": "en"}, "utcOffset": -240}],
        "location": "integrations:daily", "destinationCalendar": None, "requiresConfirmation": None, "eventTypeId": 7, "uid": uid,
        "iCalUID": f"{uid}@Cal.com", "iCalSequence": 0, "eventTitle": "Discovery Call", "price": 0, "currency": "usd", "length": 30, "bookingId": 91,
        "metadata": {"videoCallUrl": f"https://video.example/{uid}"}, "status": "ACCEPTED",
    }
    payload.update(changes)
    return json.dumps({"triggerEvent": trigger, "createdAt": created_at, "payload": payload}, separators=(",", ":")).encode()


class Folder:
    """A temporary folder on the disk that the measurement is about: $MATCHBOOK_LOAD_DIR, else the system's."""

    def __enter__(self):
        self._folder = tempfile.TemporaryDirectory(prefix="matchbook-load-", dir=os.environ.get("MATCHBOOK_LOAD_DIR"))
        return pathlib.Path(self._folder.name)

    def __exit__(self, *_):
        self._folder.cleanup()
