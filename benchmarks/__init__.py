"""What `make bench-engine` runs, and the tables that it wrote last."""
