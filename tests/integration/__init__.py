"""The promises of the design, tested on the whole job with real processes on both profiles."""
