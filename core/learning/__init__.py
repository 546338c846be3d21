"""How weights are fitted: recipes, batches, the descent, and what it tells on the way."""
