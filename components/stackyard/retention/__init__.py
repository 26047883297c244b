"""How long data lives: one block of rules by class of data, compiled to each service's own."""
