"""Putting a stack in order after a crash: who held it, what was made, what the state lacks."""
