"""Small tools that know neither MapTargeter's tables nor the web framework."""
