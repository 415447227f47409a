#!/usr/bin/env python3
"""How many signed webhooks a second are stored, by wrk over distinct bodies; the stored rows are counted.

usage: accept.py [sqlite|postgres]… [--seconds 15] [--connections 64]

The org of the connection is out of reach, so that the workers rest: what is measured is accepting, with the sync that each
booking needs in the outbox.
"""

import argparse
import os
import re
import subprocess

from installation import DATABASES, Folder, Server, configure, machine_seconds, needed, sign, webhook

THREADS = 2


def main():
    arguments = argparse.ArgumentParser()
    arguments.add_argument("databases", nargs="*", default=list(DATABASES))
    arguments.add_argument("--seconds", type=int, default=15)
    arguments.add_argument("--connections", type=int, default=64)
    arguments.add_argument("--bodies", type=int, default=120_000)
    options = arguments.parse_args()
    wrk = needed("wrk", "to measure accepting")
    # Processor milliseconds per delivery of the server, the database and wrk; and how many processors were busy with other work.
    print(f"{'database':<10} {'stored/s':>9} {'stored':>8} {'not 2xx':>8} {'p50 ms':>7} {'p99 ms':>7} {'server':>7} {'db':>7} {'wrk':>7} {'others':>7} {'peak MB':>8}")
    for name in options.databases:
        with Folder() as folder:
            database = DATABASES[name](folder)
            try:
                measure(wrk, database, folder, options)
            finally:
                database.stop()


def measure(wrk, database, folder, options):
    configure(database, folder, "http://127.0.0.1:9")
    bodies = folder / "bodies"
    sign_bodies(bodies, options.bodies)
    server = Server(database, workers=1)
    server.deliver(webhook("warm", "warm@acme.example"))
    count = "SELECT count(*) FROM delivery d JOIN booking b ON b.id = d.booking_id JOIN outbox o ON o.booking_id = b.id"
    before = database.rows(count)[0][0]
    start = [server.processor_seconds(), database.processor_seconds(), machine_seconds(), os.times()]
    script = os.path.join(os.path.dirname(__file__), "accept.lua")
    command = [wrk, "-t", str(THREADS), "-c", str(options.connections), "-d", f"{options.seconds}s", "--latency", "-s", script, server.url]
    done = subprocess.run(command, env={**os.environ, "ACCEPT_BODIES": str(bodies)}, capture_output=True, text=True, check=True)
    end = [server.processor_seconds(), database.processor_seconds(), machine_seconds(), os.times()]
    serving, storing, machine = (b - a for a, b in zip(start[:3], end[:3]))
    sending = end[3].children_user + end[3].children_system - start[3].children_user - start[3].children_system
    memory = server.peak_memory()
    server.stop()
    stored = database.rows(count)[0][0] - before
    answered, seconds = re.search(r"(\d+) requests in ([\d.]+)s", done.stdout).groups()
    refused = re.search(r"Non-2xx or 3xx responses: (\d+)", done.stdout)
    refused = refused.group(1) if refused else "0"
    latency = {key: in_ms(value) for key, value in re.findall(r"^ +(50|99)% +(\S+)$", done.stdout, re.M)}
    costs = [f"{cost * 1000 / stored:>7.2f}" for cost in (serving, storing, sending)]
    others = (machine - serving - storing - sending) / float(seconds)
    print(f"{database.name:<10} {stored / float(seconds):>9.0f} {stored:>8} {refused:>8} {latency['50']:>7.1f} {latency['99']:>7.1f} {' '.join(costs)} {others:>7.2f} {memory:>8.1f}")
    if stored < int(answered) - int(refused):
        raise SystemExit("fewer are stored than were answered: something was lost")


def sign_bodies(path, count):
    for thread in range(THREADS):
        with open(f"{path}.{thread + 1}", "wb") as file:
            for n in range(count // THREADS):
                body = webhook(f"uid-{thread}-{n}", f"person{thread}-{n}@company{n % 997}.example")
                file.write(sign(body).encode() + b"\t" + body + b"\n")


def in_ms(text):
    number, unit = re.fullmatch(r"([\d.]+)(us|ms|s)", text).groups()
    return float(number) * {"us": 0.001, "ms": 1, "s": 1000}[unit]


if __name__ == "__main__":
    main()
