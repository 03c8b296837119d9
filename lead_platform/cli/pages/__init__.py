"""Pages that the command line prints."""
