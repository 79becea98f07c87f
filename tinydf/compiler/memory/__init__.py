"""The arena: where everything lies in it, and the plan that says so."""
