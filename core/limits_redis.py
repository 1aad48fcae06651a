"""Limits of all processes of all machines in one Redis or Valkey server, exactly.

The connection is the ``limits`` package's; the script is ours, because that package's own takes the time of each client
(machines differ) and cannot say when a cost above 1 fits. Here the server's clock decides, in one round trip.
"""

from typing import Any, cast

from limits.storage import RedisStorage

from core.limits_log import SECOND, Reading

SCHEMES = RedisStorage.STORAGE_SCHEME
ANSWER_S = 0.5

# One list per key, newest first, with one element for each unit of cost: the microsecond in which it leaves its window.
_TAKE = """
local clock = redis.call('TIME')
local now = clock[1] * 1000000 + clock[2]
local limit, window, cost, record = tonumber(ARGV[1]), tonumber(ARGV[2]), tonumber(ARGV[3]), ARGV[4] == '1'
local key, latest, used = KEYS[1], now + window, redis.call('LLEN', KEYS[1])
local function leaves(index) return tonumber(redis.call('LINDEX', key, index) or now) end

for index = 0, used - 1 do
  if leaves(index) <= latest then break end
  redis.call('LSET', key, index, string.format('%.0f', latest)) -- the clock was set back: it counts as of now
end
local oldest = leaves(-1)
while used > 0 and oldest <= now do
  redis.call('RPOP', key)
  used, oldest = used - 1, leaves(-1)
end

if used + cost > limit then return {0, used, oldest - now, leaves(limit - cost) - now} end
if record and cost > 0 then
  for _ = 1, cost do redis.call('LPUSH', key, string.format('%.0f', latest)) end
  redis.call('PEXPIRE', key, window / 1000)
  if used == 0 then oldest = latest end
  used = used + cost
end
return {1, used, oldest - now, 0}
"""


class RedisStore:
    """One round trip for each hit, answered or given up within ``ANSWER_S`` for a connection and for a reply."""

    def __init__(self, url: str) -> None:
        """``url`` as ``limits`` takes it, such as ``redis://host:6379/0``; nothing is connected yet."""
        storage = RedisStorage(url, socket_timeout=ANSWER_S, socket_connect_timeout=ANSWER_S)
        self.failures: tuple[type[Exception], ...] = (cast(type[Exception], storage.base_exceptions), OSError)
        client: Any = storage.get_connection()
        # Once more at once: a connection kept since before the server was restarted fails the first time.
        library = storage.dependency
        client.set_retry(library.retry.Retry(library.backoff.NoBackoff(), 1))
        self._script: Any = client.register_script(_TAKE)
        self._prefix = storage.prefixed_key("")

    def take(self, key: str, limit: int, window: int, cost: int, *, record: bool = True) -> Reading:
        answer = self._script([self._prefix + key], [limit, window * SECOND, cost, int(record)])
        allowed, used, reset, wait = (int(number) for number in answer)
        return Reading(bool(allowed), used, reset, wait)
