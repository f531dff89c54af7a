"""What fits the ports to this machine: the home folder, its secrets and keys, the databases, clocks, and the first actors.

Must never decide a rule; whoever starts the process (bootstrap, commands) puts these behind the ports.
"""
