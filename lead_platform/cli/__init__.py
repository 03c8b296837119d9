"""The command line: one module per noun, and the pages it prints."""
