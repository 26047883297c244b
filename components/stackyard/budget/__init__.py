"""Cost of a stack: its budget, dated prices, and the estimate from floor to ceiling."""
