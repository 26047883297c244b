"""The verbs, a module per topic: functions with typed parameters, listed in `app.GROUPS`.

A verb parses its options, calls one of the other rooms, and renders the answer; it has at most 25
lines. Its module imports typer and `options` at the top, and everything heavy inside functions. It
returns (exit code 0) or raises `errors.StackyardError`.
"""
