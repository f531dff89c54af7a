"""A district's year over a real `boram up` whose business date moves on, from commands alone, each sum held against a reckoning of its own."""
