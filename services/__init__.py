"""What MapTargeter does, in plain functions and dataclasses. Owns transactions; knows no HTTP."""
