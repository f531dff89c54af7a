"""The loops that carry the journal to the chain and back: sealer, sender, follower, rebuild; and the bundles.

A resend is always the stored bytes. Must never serve a request, or send what is not stored and committed yet.
"""
