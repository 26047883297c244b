"""One run over many stacks: their order, previews and applies, progress, the outcome."""
