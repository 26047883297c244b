"""The `stackyard` command: thin commands over the components, the engine and the estate."""
