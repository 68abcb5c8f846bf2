"""The checks of `grocery-ai doctor`: servers, engines and models, this machine."""
