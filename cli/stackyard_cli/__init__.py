"""The `stackyard` command: thin verbs over the components, the engine and the estate."""
