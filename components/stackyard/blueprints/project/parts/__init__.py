"""The parts that the project blueprint is made of."""
