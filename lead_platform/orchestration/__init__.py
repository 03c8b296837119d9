"""The Dagster side: instance, runs, run launcher, warm workers, event log, supervision."""
