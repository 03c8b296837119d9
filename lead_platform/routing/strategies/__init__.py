"""How one of a pool is chosen. One strategy is one module with `choose(candidates, lead_id)`."""
