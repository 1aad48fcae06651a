"""HTTP in, HTTP out: one module for each tag of the contract, one function for each operation, the edge around them."""

import warnings

with warnings.catch_warnings():
    # it still uses what others have replaced: starlette's test client, jsonschema's RefResolver
    warnings.simplefilter("ignore")
    import connexion  # noqa: F401
