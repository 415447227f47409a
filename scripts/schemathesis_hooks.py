"""Lets some of what schemathesis generates name what the demo has, so that it reaches more than the reading of fields."""

import schemathesis

EVENT_TYPES = ["discovery-call"]
HOSTS = ["dana"]


@schemathesis.hook
def map_body(context, body):
    """Every body that could be a booking, or move one, is for an event type and a host that are there."""
    if isinstance(body, dict):
        if isinstance(body.get("event_type"), str):
            body["event_type"] = EVENT_TYPES[0]
        if isinstance(body.get("host"), str):
            body["host"] = HOSTS[0]
        attendee = body.get("attendee")
        if isinstance(attendee, dict) and attendee.get("time_zone") is not None:
            attendee["time_zone"] = "Europe/Berlin"
    return body
