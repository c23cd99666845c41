"""A box, an EnOS hub and a broker to try the product with; also what its tests drive."""
