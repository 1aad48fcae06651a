"""Tables and the queries on them: the only code that knows the database."""
