"""The courses, labs and topics that come with Practicum: content, found by `practicum.curriculum`."""
