"""Identity: who is this, and whom do we know already? Normalisation, matching, golden records."""
