"""The database: submissions, runs, results and events."""
