"""The pages that people use: parse a form, call a service or a read, render. Korean first, English second; no script is needed.

Must never hold a rule, reach the journal or the chain, or show what a read did not give.
"""
