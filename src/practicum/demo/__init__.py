"""The demonstration: an invented class, from handout to gradebook."""
