"""Pages for people, Korean first: parse, call a service or a read, render. Templates, static files, translations.

Must never hold a rule of its own, open a transaction or reach the chain.
"""
