"""What `grocery-ai doctor` looks at: servers, engines, this machine."""
