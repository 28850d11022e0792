"""The course as data: the course file, calendar, late rules, roster, gradebook and its exports.

Pure functions: nothing here prints, keeps state or imports torch. Import from the modules directly.
"""
