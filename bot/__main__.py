"""`frontline`: the command line. Heavy imports happen inside the commands that need them."""

import os


def main() -> None:
    """Run the command line."""
    # Before numpy is imported: more BLAS threads than free cores make a search many times slower.
    for name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS"):
        os.environ.setdefault(name, "1")
    from bot.cli.root import app

    app()


if __name__ == "__main__":
    main()
