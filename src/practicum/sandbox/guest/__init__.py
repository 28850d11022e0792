"""The student's side of the protocol: the only part of Practicum that is inside the sandbox.

It imports nothing else of Practicum, since nothing else is there: no checks, no labs, no solutions.
"""
