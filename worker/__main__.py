"""`python -m worker`: one worker process. Recognition children import this file as well, so all
that a worker needs and they do not is imported below."""

if __name__ == "__main__":
    from worker.main import main

    main()
