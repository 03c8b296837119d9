"""The tests: one folder per layer, `integration` over all of them, `real` on real files."""
