"""Tables as people have them: encodings, delimiters, workbooks, where a table begins and ends."""
