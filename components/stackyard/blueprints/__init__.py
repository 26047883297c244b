"""Programs that consist of components only: `foundation`, `services`, `project`."""
