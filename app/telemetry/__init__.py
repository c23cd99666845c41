"""What the product says about itself: logs and health."""
