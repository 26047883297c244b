"""Rules about what a stack may contain, by topic, and the packs that group them by stage."""
