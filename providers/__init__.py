"""Map sources: one module each, all behind the protocol in ``providers.base``."""
