"""The independent verifier: refolds every balance from the chain alone, then holds the books against it.

Imports only domain, errors and the decoding in chain. Must never need the database of the operator it checks.
"""
