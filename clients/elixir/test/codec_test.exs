defmodule GroceryPlanner.AIClient.CodecTest do
  @moduledoc """
  Every JSON library that is there gives the same results.
  """
  use ExUnit.Case, async: true

  alias GroceryPlanner.AIClient.Codec

  test "a library is there, and the first one is used" do
    assert [first | _others] = Codec.available()
    assert Codec.module() == first
  end

  for library <- GroceryPlanner.AIClient.Codec.available() do
    describe "with #{inspect(library)}" do
      @describetag library: library

      test "what was encoded is decoded with strings as keys", %{library: library} do
        term = %{
          :id => 7,
          "name" => "Käse – 1½ €",
          level: :high,
          fresh: true,
          none: nil,
          scores: [0.25, 1, nil],
          at: ~U[2026-11-26 12:00:00Z],
          on: ~D[2026-11-26]
        }

        assert {:ok, text} = Codec.encode(term, library)

        assert Codec.decode(text, library) ==
                 {:ok,
                  %{
                    "id" => 7,
                    "name" => "Käse – 1½ €",
                    "level" => "high",
                    "fresh" => true,
                    "none" => nil,
                    "scores" => [0.25, 1, nil],
                    "at" => "2026-11-26T12:00:00Z",
                    "on" => "2026-11-26"
                  }}
      end

      test "keys of an answer do not become atoms", %{library: library} do
        key = "never_an_atom_#{System.unique_integer([:positive])}"
        {:ok, %{^key => 1}} = Codec.decode(~s({"#{key}": 1}), library)

        assert_raise ArgumentError, fn -> String.to_existing_atom(key) end
      end

      test "what is not JSON is an error", %{library: library} do
        for text <- ["", "<html>", "{\"a\":", "{} {}", "nul"] do
          assert {:error, sentence} = Codec.decode(text, library)
          assert sentence =~ "JSON"
        end
      end

      test "what has no form in JSON is an error", %{library: library} do
        for term <- [self(), %{a: {1, 2}}, <<255, 254>>, fn -> 1 end] do
          assert {:error, "cannot be sent as JSON: " <> _reason} = Codec.encode(term, library)
        end
      end
    end
  end
end
