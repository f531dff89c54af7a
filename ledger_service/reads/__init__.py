"""Queries: balances, statements, reports. Frozen dataclasses out.

Must never write, and must never reach the chain: what the chain says is read from what posting stored.
"""
