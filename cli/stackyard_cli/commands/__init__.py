"""The verbs, a module per topic: plain functions with typed parameters, listed in `app.VERBS`.

A module imports typer and `options` at its top and everything heavy inside its functions, answers
through `render`, and ends by returning (exit 0) or by raising `errors.StackyardError`.
"""
