"""The pure rules: rates, records, lots, holds, batches, courses, refunds, closes.

Must never touch SQL, HTTP, RPC, files, the environment, the clock or chance: time, ids and salts come in as arguments.
"""
