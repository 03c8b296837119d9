"""Raw inquiries in; deduplicated, enriched, scored, explained and routed leads out."""
