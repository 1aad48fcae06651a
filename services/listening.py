"""`maptargeter listen`: an account's events on a developer's laptop, with no tunnel and no endpoint.

It is a client of the public API like any other: it asks for the events after the last one it saw, and passes each on as
a delivery would come, signed with a secret of its own. The next event is passed on only when somebody has answered the
one before, so none is lost, and none repeated, while it runs.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from ipaddress import ip_network
from time import monotonic, sleep
from typing import Any

import orjson

from core import clock, http, signing
from core.errors import Forbidden, InvalidInput, MapTargeterError, Unauthenticated

ANYWHERE = (ip_network("0.0.0.0/0"), ip_network("::/0"))
"""Both ends are the developer's own: any address, and plain http."""

PAGE = 50
PAGE_BYTES = 4_000_000
POLL_S = 2.0  # 30 requests a minute, half of what the smallest plan allows
FIRST_PAUSE_S, LONGEST_PAUSE_S = 1.0, 15.0
TIMEOUT_S = 15.0
USER_AGENT = "MapTargeter-Listen/1.0"

Json = dict[str, Any]


@dataclass(slots=True)
class Listener:
    """Follows the API at ``api`` with ``key``. ``say`` is given each line to show, ``is_over`` asked when to stop."""

    api: str
    key: str
    forward_to: str
    say: Callable[[str], None]
    is_over: Callable[[], bool] = lambda: False
    poll_s: float = POLL_S
    secret: str = field(default_factory=signing.new_secret)
    _client: http.Client = field(default_factory=lambda: http.Client(ANYWHERE, USER_AGENT))

    def run(self) -> None:
        """Pass on what happens from now on, until ``is_over``. Raise MapTargeterError if the key or a URL is wrong."""
        try:
            self._client.resolve_and_check(self.forward_to, plain_http=True)
        except http.OutboundError as error:
            raise InvalidInput(f"Cannot forward to {self.forward_to}: {error}.") from error
        newest = self._events({"limit": 1})
        seen = newest[0]["sequence"] if newest else 0
        self.say(f"Secret: {self.secret}")
        self.say(f"Forwarding the events of {self.api} to {self.forward_to} until you press Ctrl-C.")
        while not self.is_over():
            events = self._events({"after_sequence": seen, "limit": PAGE})
            for event in events:
                if not self._forward(event):
                    return
                seen = event["sequence"]
            if len(events) < PAGE:
                self._wait(self.poll_s)

    def _events(self, query: dict[str, int]) -> list[Json]:
        """Ask until there is an answer, also through restarts of the API."""
        url = f"{self.api.rstrip('/')}/v1/events?" + "&".join(f"{name}={value}" for name, value in query.items())
        headers = {"x-api-key": self.key, "accept": "application/json"}
        for pause in _pauses():
            try:
                answer = self._client.send(
                    "GET", url, headers, max_bytes=PAGE_BYTES, timeout=TIMEOUT_S, plain_http=True
                )
            except http.OutboundError as error:
                trouble = str(error)
            else:
                if answer.status == 200:
                    events: list[Json] = orjson.loads(answer.body)["data"]
                    return events
                trouble = _trouble(answer)
                pause = max(pause, float(answer.headers.get("retry-after", "0")))
            if self.is_over():
                return []
            self.say(f"{_time()} the API does not answer ({trouble}); asking again in {pause:.0f} s")
            self._wait(pause)
        return []

    def _forward(self, event: Json) -> bool:
        """Pass an event on until somebody answers, whatever the answer; False if it is over before that."""
        body = orjson.dumps(event["payload"])
        for pause in _pauses():
            signed = signing.headers([self.secret], event["id"], int(clock.now().timestamp()), body)
            try:
                answer = self._client.send(
                    "POST", self.forward_to, {"content-type": "application/json"} | signed, body,
                    max_bytes=0, timeout=TIMEOUT_S, plain_http=True,
                )  # fmt: skip
            except http.OutboundError as error:
                self.say(f"{_time()} {event['type']} {event['id']} -> {error}; again in {pause:.0f} s")
                if not self._wait(pause):
                    return False
                continue
            took = answer.timing.total_ms
            self.say(f"{_time()} {event['type']} {event['id']} -> {answer.status} in {took:.0f} ms")
            return True
        return False

    def _wait(self, seconds: float) -> bool:
        """Return False at once when it is over."""
        end = monotonic() + seconds
        while not self.is_over() and monotonic() < end:
            sleep(min(0.1, max(0.0, end - monotonic())))
        return not self.is_over()


def _pauses() -> Iterator[float]:
    pause = FIRST_PAUSE_S
    while True:
        yield pause
        pause = min(2 * pause, LONGEST_PAUSE_S)


def _trouble(answer: http.Response) -> str:
    """Say what is wrong for now; raise what asking again cannot help."""
    try:
        message = str(orjson.loads(answer.body)["error"]["message"])
    except (orjson.JSONDecodeError, KeyError, TypeError):
        message = f"status {answer.status}"
    wrong: dict[int, type[MapTargeterError]] = {
        401: Unauthenticated,
        403: Forbidden,
        400: InvalidInput,
        404: InvalidInput,
    }
    if answer.status in wrong:
        raise wrong[answer.status](message)
    return message


def _time() -> str:
    return clock.now().astimezone().strftime("%H:%M:%S")
