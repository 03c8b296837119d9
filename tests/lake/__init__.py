"""The lake's promises, each attacked on both profiles."""
