[
  inputs: [
    "mix.exs",
    ".formatter.exs",
    "{config,examples,integration,lib,test}/**/*.{ex,exs}"
  ],
  line_length: 98
]
