"""Back to the students: one page per student and item, as a web page and as text, and the packs in which it goes out."""
