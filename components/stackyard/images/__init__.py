"""Images: a catalogue of base images for training, images built on them, and push permissions."""
