#!/usr/bin/env python3
"""Kills the server with `kill -9` in the middle of its work, starts it again with its clock moved on, and looks what came of it:
one Contact and one live Event per booking, with the right times.

usage: kill9.py [sqlite|postgres]… [--times 20] [--field unique|plain|none]… [--moment MOMENT]…

It needs a build with the feature `failpoints`:
    cargo build --workspace --features matchbook/failpoints
    MATCHBOOK=target/debug/matchbook scripts/load/kill9.py
"""

import argparse
import pathlib
import tempfile

from installation import DATABASES, Folder, Org, Server, configure, prepare, until, webhook

FIELDS = {"unique": {"externalId": True, "unique": True}, "plain": True, "none": False}
# before_send: the write is committed and has not left. before_answer: Salesforce has performed it, its answer is on its way.
# before_save: the answer is read and not saved. before_release: it is saved, and the booking still held.
MOMENTS = ["before_send", "before_answer", "before_save", "before_release"]
BOOKINGS = 3
# Past Salesforce's own limit for a call, and past every lease.
STEP = 11 * 60
TIMES = {"created": ("2027-05-06T09:30:00Z", "2027-05-06T10:00:00Z"), "moved": ("2027-05-07T09:30:00Z", "2027-05-07T10:00:00Z")}


def main():
    arguments = argparse.ArgumentParser()
    arguments.add_argument("databases", nargs="*", default=list(DATABASES))
    arguments.add_argument("--times", type=int, default=20)
    arguments.add_argument("--field", action="append", choices=list(FIELDS))
    arguments.add_argument("--moment", action="append", choices=MOMENTS)
    options = arguments.parse_args()
    wrong = 0
    print(f"{'database':<10} {'field':<8} {'moment':<16} {'kills':>6} {'bookings':>9} {'wrong':>6}")
    for name in options.databases:
        for field in options.field or FIELDS:
            with Folder() as folder:
                wrong += Trial(name, field, folder).run(options)
    if wrong:
        raise SystemExit(f"{wrong} bookings came out wrong")


class Trial:
    """One database and one org, on which the server is killed again and again."""

    def __init__(self, database, field, folder):
        self.database, self.field = DATABASES[database](folder), field
        self.org = Org()
        prepare(self.org, FIELDS[field])
        configure(self.database, folder, self.org.url)
        self.ahead = 0
        self.log = tempfile.NamedTemporaryFile()

    def run(self, options):
        wrong = 0
        for moment in options.moment or MOMENTS:
            failures = [line for n in range(options.times) for line in self.kill_once(moment, n)]
            print(f"{self.database.name:<10} {self.field:<8} {moment:<16} {options.times:>6} {options.times * BOOKINGS:>9} {len(failures):>6}", flush=True)
            print("".join(f"    {line}\n" for line in failures), end="", flush=True)
            wrong += len(failures)
        self.org.stop()
        self.database.stop()
        return wrong

    def kill_once(self, moment, n):
        """Kills the server at one moment of its work on some bookings; gives what is wrong with them afterwards."""
        people = {f"{self.field}-{moment}-{n}-{i}@acme.example": f"{moment}-{n}-{i}" for i in range(BOOKINGS)}
        # The work on a change is killed every other time, else that on a new booking.
        kills_change = n % 2 == 1
        if kills_change:
            server = self.start()
            self.deliver(server, people)
            self.wait_until_synced()
            server.stop()
        shown = "moved" if kills_change else "created"
        before = self.events_at(TIMES[shown])
        server = self.start(moment)
        self.deliver(server, people, moved=kills_change)
        if moment == "before_answer":
            until(lambda: self.events_at(TIMES[shown]) > before, "Salesforce has performed a write")
        else:
            reached = lambda: f"failpoint {moment}".encode() in pathlib.Path(self.log.name).read_bytes()
            until(reached, f"{moment} is reached (is this a build with the feature failpoints?)")
        server.kill()
        self.org.control("DELETE", "faults")
        # First at once, then after Salesforce's limit: neither may double anything.
        server = self.start()
        if not kills_change:
            self.deliver(server, people, moved=True)
        server.stop()
        self.ahead += STEP
        # Time passes for Salesforce, too: without the field, an Event is looked for by when it was created.
        self.org.control("PATCH", "settings", {"advance_ms": self.ahead * 1000, "daily_api_limit": 1_000_000})
        server = self.start()
        self.wait_until_synced()
        server.stop()
        return self.wrong_with(people)

    def events_at(self, times):
        return sum(event["StartDateTime"][:16] == times[0][:16] for event in self.org.records("Event"))

    def start(self, moment=None):
        environment = {"MATCHBOOK_CLOCK_AHEAD": str(self.ahead)}
        if moment == "before_answer":
            for method in ["POST", "PATCH"]:
                fault = {"match": {"method": method, "object": "Event"}, "effect": {"slow_ms": 60_000}, "times": 1_000}
                self.org.control("POST", "faults", fault)
        elif moment:
            environment["MATCHBOOK_FAILPOINT"] = moment
        self.log.truncate(0)
        return Server(self.database, environment=environment, errors=self.log)

    def deliver(self, server, people, moved=False):
        for email, uid in people.items():
            changes = {"iCalUID": f"{uid}@Cal.com"}
            if moved:
                start, end = TIMES["moved"]
                changes |= {"uid": f"{uid}-moved", "rescheduleUid": uid, "startTime": start, "endTime": end}
            trigger, at = ("BOOKING_RESCHEDULED", "2026-05-04T09:10:00.000Z") if moved else ("BOOKING_CREATED", "2026-05-04T09:00:00.000Z")
            try:
                server.deliver(webhook(uid, email, trigger=trigger, created_at=at, **changes))
            except OSError as error:
                raise SystemExit(f"{error}: {pathlib.Path(self.log.name).read_text()[-2000:]}")

    def wait_until_synced(self):
        until(lambda: self.database.rows("SELECT count(*) FROM outbox WHERE state <> 'done'")[0][0] == 0, "all is synced")

    def wrong_with(self, people):
        wrong = []
        contacts, events = self.org.records("Contact"), self.org.records("Event")
        for email in people:
            own = [c["Id"] for c in contacts if c.get("Email") == email]
            meetings = [(e["StartDateTime"][:16], e["EndDateTime"][:16]) for e in events if e.get("WhoId") in own]
            if len(own) != 1 or meetings != [tuple(t[:16] for t in TIMES["moved"])]:
                wrong.append(f"{email}: {len(own)} Contacts, Events {meetings}")
        return wrong


if __name__ == "__main__":
    main()
