"""`python -m api` runs one front."""

from shared.process.garbage import importing

if __name__ == "__main__":
    with importing():
        from api.process import main

    main()
