"""The way to the contract: RPC client, codec, signers, chain identity, the embedded anvil.

Must never touch SQL, and must never decide what is owed to whom: it encodes, signs, sends and reads.
"""
