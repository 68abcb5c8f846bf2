"""Where the images of receipts are kept: in Postgres, or in an object store beside it."""
