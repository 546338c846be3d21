// What the linter holds JavaScript to; types are TypeScript's concern (tsconfig.json).

import js from "@eslint/js";
import globals from "globals";

const unused = { argsIgnorePattern: "^_", varsIgnorePattern: "^_" };

export default [
  { ignores: [".venv/", "data/", "runs/", "docs/"] },
  js.configs.recommended,
  {
    languageOptions: { ecmaVersion: 2023, globals: globals.browser },
    linterOptions: { reportUnusedDisableDirectives: "error" },
    rules: {
      "no-unused-vars": ["error", unused],
      "no-var": "error",
      "prefer-const": ["error", { destructuring: "all" }],
      "object-shorthand": "error",
      "no-shadow": ["error", { builtinGlobals: false }],
      "no-eval": "error",
      "no-implied-eval": "error",
      "no-new-func": "error",
      "no-param-reassign": "error",
      eqeqeq: ["error", "always", { null: "ignore" }],
      complexity: ["error", 15],
      "max-depth": ["error", 4],
      "max-params": ["error", 5],
      "max-len": ["error", { code: 120, ignorePattern: "^ *(/\\*\\*|//|\\*) @|^import " }],
      "max-lines-per-function": ["error", 55],
    },
  },
  { files: ["**/kernels*.js"], rules: { "max-params": "off" } }, // numbers one by one, as WebAssembly takes them
  { files: ["tests/**", "eslint.config.js"], languageOptions: { globals: globals.node } },
  {
    files: ["benchmarks/*.js"], // put into a page behind the runner's own script
    languageOptions: { sourceType: "script", globals: { hourglassRunner: "readonly" } },
  },
];
