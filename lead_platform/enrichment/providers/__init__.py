"""One module per enrichment provider, named like the provider."""
