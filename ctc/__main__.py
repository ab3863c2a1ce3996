"""`python -m ctc`, the same as `ctc`."""

from ctc.cli import main

if __name__ == "__main__":
    main()
