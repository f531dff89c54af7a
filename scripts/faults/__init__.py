"""The fault harness: a real service under a real load, killed, cut off, lied to and stopped, and a ledger of its own that knows what must be left.

    python -m scripts.faults --profile short          what `make faults` runs: every class of faults, at most 90 s
    python -m scripts.faults --seed 7                 the same schedule again
    python -m scripts.faults --classes kill,reorg     only these

It talks to the service as anybody does, over HTTP, and shares no rule with it: `model.py` adds up what was acknowledged. It must never reach into
the service's process or books to make a check pass.
"""
