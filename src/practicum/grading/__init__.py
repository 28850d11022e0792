"""Grade, regrade and verify labs: from submissions to points, on worker processes or a cluster."""
