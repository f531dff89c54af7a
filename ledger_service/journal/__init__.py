"""The books: schema, unit of work, one repository for each aggregate, migrations. The only place with SQL.

Must never call the chain, and must never hold its write lock while something hashes or waits.
"""
