"""Callbacks of jobs and their deliveries.

The deliveries are an outbox. A trigger on `jobs` inserts them in the transaction that ends a job,
workers claim and send those that are due, and the row records what became of them:

    pending → pending     a claim, which ends by itself; then a failed attempt, due again later
    pending → delivered   the receiver answered with a status of 2xx
    pending → dead        the receiver refused it for good, or a day has passed
    any → pending         redelivery, by hand

All times are by the clock of Postgres.
"""
