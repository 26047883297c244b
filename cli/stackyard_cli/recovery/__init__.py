"""Repair of a stack after a crash: its lock, its pending creates, and its state."""
