"""The course as data: the course file, calendar, late rules, roster, workspace.

Pure functions: nothing here prints, keeps state or imports torch. Import from the modules directly.
"""
