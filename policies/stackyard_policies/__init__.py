"""Policy rules for the resources of a stack, by topic, and the packs that group them by stage."""
