"""Boram: a civic reward ledger. The books in SQL, the money on an EVM chain, and what carries one to the other.

Imports run one way: cli, bootstrap, then api, web and audit, then services, posting and reads, then journal and chain,
then domain, then errors. Only cli and bootstrap read the configuration, the clock and chance.
"""
