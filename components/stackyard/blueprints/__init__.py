"""Programs made of components only: `foundation`, `services`, `project`, and their contracts."""
