# Integration tests need a running service: AI_SERVICE_URL=… mix test --include integration
ExUnit.start(
  exclude: [:integration],
  capture_log: true,
  assert_receive_timeout: 10_000,
  formatters: GroceryPlanner.AIClient.Recorder.formatters()
)
