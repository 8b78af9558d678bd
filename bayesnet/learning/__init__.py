"""Many cases: how they are written down and kept, and how the model's numbers learn from them."""
