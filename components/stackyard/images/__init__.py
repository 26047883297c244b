"""Images: a catalogue of training bases, images on top of them, and who may push which."""
