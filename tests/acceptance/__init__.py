"""An acceptance run: a stage applied, asked, changed and destroyed in an account of one's own."""
