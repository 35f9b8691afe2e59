"""Answers requests that come as lines of JSON, one after the other: what all drivers in Python share."""

import json
import os
import sys
from collections.abc import Awaitable

# How to get in, if not just anybody may: settings of the client.
access = json.loads(os.environ.get("DRIVER_SETTINGS", "{}"))


def serve(driver, loop=None):
    """Runs the method that each request names. Methods may be coroutines if an event loop is given."""
    for line in sys.stdin:
        request = json.loads(line)
        answer = {"id": request["id"]}
        try:
            result = getattr(driver, request["do"])(**request["with"])
            if isinstance(result, Awaitable):
                result = loop.run_until_complete(result)
            answer["result"] = result
        except Exception as failure:
            answer["error"] = f"{type(failure).__name__}: {failure}"
        print(json.dumps(answer), flush=True)


def encode(text):
    return None if text is None else text.encode()


def decode(data):
    return None if data is None else bytes(data).decode()
