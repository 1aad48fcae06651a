"""How often an address may try passwords: Flask-Limiter, with the engine and the store of the API's limits."""

import flask
from flask_limiter import Limiter
from flask_limiter.errors import RateLimitExceeded

from core import clock, config
from core.errors import RateLimited
from dashboard.frame import form, surroundings

PASSWORDS = "10 per minute; 60 per hour"
SIGN_UPS = "10 per hour"


def address() -> str:
    """Return what stands for one client."""
    return surroundings().about().address


def login_name() -> str:
    """Return the address that somebody tries to log in with, whoever they are."""
    return f"login:{form('email').lower()}"


limiter = Limiter(address, strategy="moving-window", key_prefix="dashboard", in_memory_fallback_enabled=True)


def start(app: flask.Flask) -> None:
    """Count where the API counts."""
    url = config.current().limits_url
    app.config["RATELIMIT_STORAGE_URI"] = url.replace("valkey", "redis", 1) if url.startswith("valkey") else url
    # said to be there already, it leaves out its hooks for every request of the API (0.2 to 0.5 ms each): limits of
    # single views are checked by their decorator
    app.extensions.setdefault("limiter", set()).add(limiter)
    limiter.init_app(app)


def refusal(_error: RateLimitExceeded) -> RateLimited:
    """Return the error that the pages show."""
    reached = limiter.current_limit
    wait = max(1, round(reached.reset_at - clock.now().timestamp())) if reached else 60
    return RateLimited(f"That was too often. Try again in {_in_words(wait)}.", wait)


def _in_words(seconds: int) -> str:
    return f"{seconds} seconds" if seconds < 90 else f"{-(-seconds // 60)} minutes"
