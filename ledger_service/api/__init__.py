"""HTTP for machines, under /api/v1: parse, call a service or a read, render.

Must never hold a rule of its own, open a transaction or reach the chain.
"""
