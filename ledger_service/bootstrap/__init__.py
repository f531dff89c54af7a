"""From settings to a working installation (installation.py), and the API and the pages over it (surfaces.py).

What is built here opens databases and files; it starts no process and no thread, which `commands/up.py` does. Must never hold a rule.
"""
