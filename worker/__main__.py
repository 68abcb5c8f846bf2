"""`python -m worker` runs one worker process.

Recognition children import this module as well, so what only a worker needs is imported inside the
guard below.
"""

if __name__ == "__main__":
    from shared.process.garbage import importing

    with importing():
        from worker.main import main

    main()
