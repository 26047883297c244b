"""`python -m stackyard_cli` is the same command as `stackyard`."""

from stackyard_cli.app import main

if __name__ == "__main__":
    main()
