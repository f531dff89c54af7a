"""The commands: credit, redeem, donate, enrol, correct, expire, close, forget. One command is one unit of work.

Commits before it returns. Must never reach the chain (a request cannot wait for an RPC) or read the configuration.
"""
