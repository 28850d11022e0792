"""Stands in the sandbox where psutil is installed: it lives on /proc, which is empty there.

Libraries take psutil as optional, and do without it only when the import fails: with a psutil that finds no process, joblib's
workers end at once.
"""

raise ImportError("psutil is not there: the sandbox has an empty /proc")
