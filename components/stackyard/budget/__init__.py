"""What a stack costs and may cost: its limit, dated prices, and the band from floor to ceiling."""
