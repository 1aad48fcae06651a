"""How fast a key, or an address without one, may go.

Counted before anything is validated, so that invalid requests count too. Flask-Limiter behind connexion would never see
a 400 or 401, and its 429 would lose ``Retry-After``.
"""

from typing import Any

from connexion.middleware.abstract import RoutedAPI, RoutedMiddleware
from connexion.operations.abstract import AbstractOperation
from starlette.types import ASGIApp, Receive, Scope, Send

from core.errors import InsufficientScope, RateLimited
from core.limits import Decision, Limiter, headers
from handlers import auth, exchange
from handlers.contract import Contract, Operation
from handlers.exchange import Exchange

ADDRESS_LIMIT = 60  # requests a minute of one address that come without a valid key
WINDOW_S = 60


class Budget:
    """Counts requests against the one limit that applies to them."""

    def __init__(self, limiter: Limiter, address_limit: int | None = None) -> None:
        """``address_limit`` takes the place of every limit of an address, those of single operations too."""
        self._limiter = limiter
        self._address_limit = address_limit

    def spend_for_key(self, about: Exchange, key_id: str, limit: int, cost: int) -> None:
        """Count a request with a key; raise RateLimited when the plan allows no more just now."""
        decision = self._limiter.hit(f"key:{key_id}", limit, WINDOW_S, cost)
        self._tell(about, decision, "per-minute", f"Your limit is {limit:,} requests a minute.")

    def spend_for_address(self, about: Exchange, cost: int = 1) -> None:
        """Count a request without a valid key; raise RateLimited when there were too many from its address."""
        self._spend(about, f"address:{about.address}", ADDRESS_LIMIT, WINDOW_S, cost)

    def spend_for_operation(self, about: Exchange, operation: Operation) -> None:
        """Count a request for an operation that needs no key; one with a limit of its own counts for nothing else."""
        if operation.limit is None:
            self.spend_for_address(about, operation.cost)
        else:
            key = f"address:{about.address}:{operation.id}"
            self._spend(about, key, operation.limit.requests, operation.limit.seconds, operation.cost)

    def _spend(self, about: Exchange, key: str, limit: int, window_s: int, cost: int) -> None:
        decision = self._limiter.hit(key, self._address_limit or limit, window_s, cost)
        self._tell(about, decision, "per-address", "Too many requests without a valid API key came from your address.")

    @staticmethod
    def _tell(about: Exchange, decision: Decision, policy: str, refusal: str) -> None:
        about.headers = [
            (name.lower().encode(), value.encode())
            for name, value in headers(decision, policy).items()
            if name != "Retry-After"  # goes with the error, whoever raises it
        ]
        if not decision.allowed:
            wait = decision.retry_after_s
            raise RateLimited(f"{refusal} Try again in {wait} second{'s' if wait != 1 else ''}.", wait)


class LimitsOperation:
    """Counts requests for one operation, then asks whether the key may do it at all."""

    def __init__(self, next_app: ASGIApp, operation: Operation, budget: Budget) -> None:
        self._next = next_app
        self._operation = operation
        self._budget = budget

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        about, operation = exchange.of(scope), self._operation
        if operation.secured:
            caller = auth.caller()
            self._budget.spend_for_key(about, caller.key_id or "", caller.plan.requests_per_minute, operation.cost)
            _require(operation.scopes, caller.scopes)
        else:
            self._budget.spend_for_operation(about, operation)
        await self._next(scope, receive, send)


class LimitsApi(RoutedAPI[LimitsOperation]):
    """The operations of one contract."""

    def __init__(self, *args: Any, contract: Contract, budget: Budget, **options: Any) -> None:
        super().__init__(*args, **options)
        self._contract = contract
        self._budget = budget
        self.add_paths()

    def make_operation(self, operation: AbstractOperation) -> LimitsOperation:
        return LimitsOperation(self.next_app, self._contract.operations[operation.operation_id], self._budget)


class Limits(RoutedMiddleware[LimitsApi]):
    """The middleware; connexion calls the operation that was routed to."""

    api_cls = LimitsApi


def _require(scopes: tuple[str, ...], held: frozenset[str]) -> None:
    lacking = [scope for scope in scopes if scope not in held]
    if lacking:
        raise InsufficientScope(f"This key lacks the scope {' and '.join(f'`{scope}`' for scope in lacking)}.")
