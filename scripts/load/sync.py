#!/usr/bin/env python3
"""How many bookings a second are synced, by one process or by several on one PostgreSQL; and that none is worked on twice.

usage: sync.py [sqlite|postgres]… [--bookings 2000] [--processes 1] [--workers 4] [--latency-ms 0]
"""

import argparse
import concurrent.futures
import time

from installation import DATABASES, Folder, Org, Server, configure, machine_seconds, prepare, processor_seconds, until, webhook


def main():
    arguments = argparse.ArgumentParser()
    arguments.add_argument("databases", nargs="*", default=list(DATABASES))
    arguments.add_argument("--bookings", type=int, default=2000)
    arguments.add_argument("--processes", type=int, default=1)
    arguments.add_argument("--workers", type=int, default=4)
    arguments.add_argument("--latency-ms", type=int, default=0)
    options = arguments.parse_args()
    # Processor milliseconds per booking of the servers, the database and the org; and how many processors were busy with other work.
    print(f"{'database':<10} {'processes':>9} {'workers':>8} {'latency':>8} {'bookings':>9} {'synced/s':>9} {'calls':>6} {'server':>7} {'db':>7} {'org':>7} {'others':>7} {'peak MB':>8}")
    for name in options.databases:
        with Folder() as folder:
            database = DATABASES[name](folder)
            try:
                measure(database, folder, options)
            finally:
                database.stop()


def measure(database, folder, options):
    org = Org()
    prepare(org, {"externalId": True, "unique": True})
    configure(database, folder, org.url)
    fill(database, org, options.bookings)
    org.control("PATCH", "settings", {"latency_ms": options.latency_ms})
    org.control("DELETE", "calls")
    worked = [database.processor_seconds(), processor_seconds(org.process), machine_seconds()]
    servers = [Server(database, workers=options.workers) for _ in range(options.processes)]
    start = time.monotonic()
    until(lambda: unfinished(database) == 0, "all is synced", 1200)
    first, last = (at / 1e6 for at in database.rows("SELECT min(started_at), max(finished_at) FROM sync_run")[0])
    database_s, org_s, machine_s = (b - a for a, b in zip(worked, [database.processor_seconds(), processor_seconds(org.process), machine_seconds()]))
    servers_s = sum(server.processor_seconds() for server in servers)
    calls = org.control("GET", "calls")["api_calls"]
    memory = max(server.peak_memory() for server in servers)
    for server in servers:
        server.stop()
    others = (machine_s - database_s - org_s - servers_s) / (time.monotonic() - start)
    costs = " ".join(f"{1000 * spent / options.bookings:>7.2f}" for spent in (servers_s, database_s, org_s))
    print(f"{database.name:<10} {options.processes:>9} {options.workers:>8} {options.latency_ms:>8} {options.bookings:>9} {options.bookings / (last - first):>9.1f} {calls / options.bookings:>6.2f} {costs} {others:>7.2f} {memory:>8.1f}", flush=True)
    judge(database, org, options)
    org.stop()


def fill(database, org, count):
    """Accepts bookings while the org is out of reach for them: the connection rests, and they wait."""
    org.control("POST", "faults", {"match": {}, "effect": {"error": {"status": 503, "code": "SERVER_UNAVAILABLE", "message": "busy"}}, "times": 1_000_000})
    server = Server(database, workers=1)
    send = lambda n: server.deliver(webhook(f"uid-{n}", f"person{n}@company{n % 997}.example", name=f"Person N{n}"))
    with concurrent.futures.ThreadPoolExecutor(8) as pool:
        list(pool.map(send, range(count)))
    server.stop()
    org.control("DELETE", "faults")
    database.run("UPDATE connection SET parked_until = NULL, parked_times = 0; UPDATE outbox SET due_at = 0, failures = 0 WHERE state = 'waiting'; DELETE FROM sync_call; DELETE FROM sync_run; DELETE FROM person_lock")


def unfinished(database):
    time.sleep(0.2)
    return database.rows("SELECT count(*) FROM outbox WHERE state <> 'done'")[0][0]


def judge(database, org, options):
    """One run and one Event for each booking; no booking in two hands at once."""
    runs, bookings = database.rows("SELECT count(*), count(DISTINCT booking_id) FROM sync_run")[0]
    overlapping = database.rows("SELECT count(*) FROM sync_run a JOIN sync_run b ON a.booking_id = b.booking_id AND a.id < b.id AND b.started_at < a.finished_at")[0][0]
    workers = database.rows("SELECT count(*) FROM outbox WHERE worker IS NOT NULL")[0][0]
    events, contacts = len(org.records("Event")), len(org.records("Contact"))
    print(f"    {runs} runs of {bookings} bookings, {overlapping} overlapping; {events} Events, {contacts} Contacts; {workers} still held", flush=True)
    if (bookings, overlapping, events, contacts, workers) != (options.bookings, 0, options.bookings, options.bookings, 0):
        raise SystemExit("something was lost or doubled")


if __name__ == "__main__":
    main()
