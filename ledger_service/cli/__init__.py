"""`boram`: the command line. Exit 0 done or holds, 1 findings or refused, 2 wrong use or could not run; one line says what to do.

A command here reads its arguments, asks the API (`commands.ask`) or a module of `commands`, and shows the answer. `program` puts them together.
"""

from ledger_service.cli.program import main

__all__ = ["main"]
