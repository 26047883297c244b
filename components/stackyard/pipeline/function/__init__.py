"""What runs in Lambda: no package of ours is there, so nothing here imports one."""
