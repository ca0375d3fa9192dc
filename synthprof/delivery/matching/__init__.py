"""Near-identical pictures: found within a memory budget, published with what is known of them."""
