"""`python -m lead_platform.cli` is `lead-platform`."""

from lead_platform.cli.main import main

if __name__ == "__main__":
    main()
