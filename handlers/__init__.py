"""HTTP in, HTTP out: one module for each tag of the contract, one function for each operation, the edge around them."""
