"""Three linters on the contract: they know customs and traps of OpenAPI that validity alone does not show."""
