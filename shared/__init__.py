"""What the front and the workers share: contracts, settings, store, wire, telemetry, client."""
