"""What the commands do. Heavy imports stand inside them, so that a client of a running service starts at once.

Must never hold a rule: a command asks the API of the service that runs, or the same API within its own process.
"""
