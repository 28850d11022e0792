"""HTML pages: the skeleton that all share, the student page, the class report, plots."""
