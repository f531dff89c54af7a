"""Versions of the schema, applied in order when the service starts."""
