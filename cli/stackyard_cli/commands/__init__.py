"""The subcommands, a module per topic: functions with typed parameters, listed in `app.GROUPS`.

A subcommand parses its options, calls one of the other packages, and renders the answer; it has at
most 25 lines. Its module imports typer and `options` at the top, and slow modules inside functions.
It returns (exit code 0) or raises `errors.StackyardError`.
"""
