"""What leaves the ledger as a file for people outside of it: statements, certificates, payment files. It renders what reads gave it.

Must never: query, decide, or carry the name or title of a person as the giver of coins (DOMAIN rule 2).
"""
