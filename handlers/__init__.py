"""HTTP in, HTTP out: one module for each tag of the contract, one function for each operation, the edge around them."""

import warnings

# connexion still uses what others have replaced: starlette's test client, jsonschema's RefResolver
warnings.filterwarnings("ignore", message=r"Using `httpx` with `starlette\.testclient`")
warnings.filterwarnings("ignore", message=r"jsonschema\.\S*(RefResolver|RefResolutionError) is deprecated")
