defmodule GroceryPlanner.AIClient.MixProject do
  use Mix.Project

  # The version of the service whose interface this client speaks.
  @version "0.2.0"

  def project do
    [
      app: :grocery_planner_ai,
      version: @version,
      elixir: "~> 1.14",
      name: "GroceryPlanner.AIClient",
      description: "Client of the grocery planner's AI service",
      elixirc_paths: elixirc_paths(Mix.env()),
      # Erlang libraries that the system provides, such as Debian's jiffy, stay in reach of the tests.
      prune_code_paths: false,
      start_permanent: Mix.env() == :prod,
      deps: deps(),
      docs: [main: "readme", extras: ["README.md"]]
    ]
  end

  def application do
    [
      # The optional ones are started first where the app has them.
      extra_applications: [
        :crypto,
        :inets,
        :logger,
        :public_key,
        :ssl,
        finch: :optional,
        jason: :optional,
        jiffy: :optional,
        opentelemetry_api: :optional,
        req: :optional,
        telemetry: :optional
      ],
      mod: {GroceryPlanner.AIClient.Application, []}
    ]
  end

  defp elixirc_paths(:test), do: ["lib", "test/support"]
  defp elixirc_paths(_), do: ["lib"]

  # None, not even optional ones: without Hex they would stop `mix test`. What the client uses where
  # the app has it (Req, Jason, telemetry, OpenTelemetry) is in integration/mix.exs, for the matrix.
  defp deps, do: []
end
