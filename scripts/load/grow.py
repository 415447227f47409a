#!/usr/bin/env python3
"""What a booking costs when ever more are stored: accepting, syncing, and the lists.

usage: grow.py [sqlite|postgres]… [--stored 1000,10000,100000,1000000]

One booking that went the whole way is copied as often as needed, in all its tables; what deliveries and calls said is left out.
"""

import argparse
import statistics
import subprocess
import time

from installation import DATABASES, ENVIRONMENT, Folder, Org, Server, binary, call, configure, prepare, until, webhook

# For each table the columns that are told apart by a copy's number, and what else differs.
COPIES = {
    "booking": (["id", "ical_uid", "attendee_email"], {"start_at": "start_at + n * 60000000", "status": "CASE WHEN n % 10 = 0 THEN 'cancelled' ELSE status END"}),
    "booking_uid": (["uid", "booking_id"], {}),
    "delivery": (["id", "idempotency_key", "booking_id"], {"body": "substr(body, 1, 0)"}),
    "outbox": (["booking_id", "person_email"], {"state": "CASE WHEN n % 5000 = 0 THEN 'held' ELSE state END"}),
    "sync_run": (["id", "booking_id"], {}),
    "sync_call": (["id", "run_id"], {"asked": "'{}'", "answered": "'{}'"}),
}
SAMPLE = 300
LISTS = ["all", "upcoming", "past", "cancelled", "needs_attention"]


def main():
    arguments = argparse.ArgumentParser()
    arguments.add_argument("databases", nargs="*", default=list(DATABASES))
    arguments.add_argument("--stored", default="1000,10000,100000,1000000")
    options = arguments.parse_args()
    print(f"{'database':<10} {'stored':>9} {'accept ms':>10} {'sync ms':>9} {'calls':>6} " + " ".join(f"{name + ' ms':>18}" for name in LISTS))
    for name in options.databases:
        with Folder() as folder:
            database = DATABASES[name](folder)
            try:
                measure(database, folder, [int(n) for n in options.stored.split(",")])
            finally:
                database.stop()


def measure(database, folder, sizes):
    org = Org()
    prepare(org, {"externalId": True, "unique": True})
    configure(database, folder, org.url)
    key = api_key(database)
    server = Server(database, workers=1)
    server.deliver(webhook("template", "template@acme.example", startTime="2025-05-06T09:30:00Z", endTime="2025-05-06T10:00:00Z"))
    until(lambda: database.rows("SELECT count(*) FROM outbox WHERE state = 'done'")[0][0] == 1, "the first is synced")
    server.stop()
    columns = {table: columns_of(database, table) for table in COPIES}
    stored = 1
    for size in sizes:
        copy(database, columns, stored, size)
        stored = size
        server = Server(database, workers=1)
        accepted, synced, calls = one_by_one(server, database, org, size)
        lists = [list_ms(server, key, name) for name in LISTS]
        server.stop()
        print(f"{database.name:<10} {size:>9} {accepted:>10.2f} {synced:>9.2f} {calls:>6.2f} " + " ".join(f"{ms:>18.1f}" for ms in lists), flush=True)
    org.stop()


def api_key(database):
    environment = {**ENVIRONMENT, "MATCHBOOK_PASSWORD": "a long password"}
    run = lambda *words: subprocess.run([binary(), "user", *words, "--database", database.url], env=environment, capture_output=True, text=True, check=True)
    run("add", "ops@seller.example")
    return next(word for word in run("key", "ops@seller.example").stdout.split() if len(word) > 30)


def columns_of(database, table):
    if database.name == "sqlite":
        return [row[1] for row in database.rows(f"PRAGMA table_info({table})")]
    return [row[0] for row in database.rows(f"SELECT column_name FROM information_schema.columns WHERE table_name = '{table}' AND table_schema = current_schema()")]


def copy(database, columns, first, last):
    series = f"(WITH RECURSIVE c(n) AS (SELECT {first} UNION ALL SELECT n + 1 FROM c WHERE n < {last - 1}) SELECT n FROM c)"
    if database.name == "postgres":
        series = f"generate_series({first}::bigint, {last - 1}) AS n"
    script = []
    for table, (told_apart, changed) in COPIES.items():
        values = [f"t.{c} || '-' || n" if c in told_apart else changed.get(c, f"t.{c}") for c in columns[table]]
        script.append(f"INSERT INTO {table} ({', '.join(columns[table])}) SELECT {', '.join(values)} FROM (SELECT * FROM {table} WHERE {template(table)}) t, {series}")
    database.run(";".join(script))
    database.run("ANALYZE")


def template(table):
    """The rows of the one booking that is copied."""
    booking = "(SELECT id FROM booking WHERE attendee_email = 'template@acme.example')"
    if table == "booking":
        return "attendee_email = 'template@acme.example'"
    if table == "sync_call":
        return f"run_id IN (SELECT id FROM sync_run WHERE booking_id = {booking})"
    return f"booking_id = {booking}"


def one_by_one(server, database, org, size):
    """Milliseconds until an answer, and of a sync; by the median. Calls of a sync."""
    org.control("DELETE", "calls")
    times = []
    for n in range(SAMPLE):
        body = webhook(f"new-{size}-{n}", f"new{size}-{n}@acme.example")
        start = time.perf_counter()
        server.deliver(body)
        times.append(1000 * (time.perf_counter() - start))
    until(lambda: database.rows("SELECT count(*) FROM outbox WHERE state = 'waiting'")[0][0] == 0, "all is synced")
    latest = database.rows(f"SELECT finished_at - started_at FROM sync_run WHERE booking_id IN (SELECT id FROM booking WHERE attendee_email LIKE 'new{size}-%') AND outcome = 'synced'")
    return statistics.median(times), statistics.median(row[0] for row in latest) / 1000, org.control("GET", "calls")["api_calls"] / SAMPLE


def list_ms(server, key, scope):
    times = []
    for _ in range(9):
        start = time.perf_counter()
        call(f"{server.url}/api/v1/bookings?scope={scope}", headers={"Authorization": f"Bearer {key}"})
        times.append(1000 * (time.perf_counter() - start))
    return statistics.median(times)


if __name__ == "__main__":
    main()
