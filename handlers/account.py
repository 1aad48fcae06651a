"""The caller's own account."""

from handlers import auth, responses
from handlers.responses import Answer
from handlers.schemas import AccountSchema
from services import accounts


def get_account() -> Answer:
    """Answer with the account the key belongs to."""
    return responses.ok(AccountSchema().dump(accounts.view(auth.caller())))
