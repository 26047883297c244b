"""One run over many stacks: their order, the flow of preview and apply, progress, the outcome."""
