defmodule GroceryPlanner.AIClient.Integration.MixProject do
  # Runs the client's own tests inside a project that has the libraries of a real app:
  #
  #     CLIENT_LIBRARIES=req,jason,telemetry,opentelemetry mix deps.get
  #     CLIENT_LIBRARIES=req,jason,telemetry,opentelemetry mix test
  #
  # The libraries are here and not in the client's mix.exs, because even optional dependencies need
  # Hex. Every test then also runs over Req, and with the real :telemetry and OpenTelemetry.
  use Mix.Project

  @libraries %{
    "req" => [{:req, "~> 0.5"}],
    "jason" => [{:jason, "~> 1.4"}],
    "telemetry" => [{:telemetry, "~> 1.2"}],
    "opentelemetry" => [{:opentelemetry_api, "~> 1.4"}, {:opentelemetry, "~> 1.5"}]
  }

  def project do
    [
      app: :grocery_planner_ai_integration,
      version: "0.2.0",
      elixir: "~> 1.14",
      elixirc_paths:
        if(Mix.env() == :test, do: [Path.expand("../test/support", __DIR__)], else: []),
      test_paths: ["../test"],
      deps: [{:grocery_planner_ai, path: ".."} | libraries()]
    ]
  end

  def application, do: [extra_applications: [:logger]]

  defp libraries do
    System.get_env("CLIENT_LIBRARIES", "")
    |> String.split(",", trim: true)
    |> Enum.flat_map(&Map.fetch!(@libraries, &1))
  end
end
