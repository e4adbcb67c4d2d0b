import js from "@eslint/js";
import reactHooks from "eslint-plugin-react-hooks";
import tseslint from "typescript-eslint";

export default tseslint.config(
  { ignores: ["node_modules", "dist"] },
  js.configs.recommended,
  {
    files: ["**/*.{ts,tsx}"],
    extends: [...tseslint.configs.strictTypeChecked],
    languageOptions: { parserOptions: { project: "./tsconfig.json", tsconfigRootDir: import.meta.dirname } },
    plugins: { "react-hooks": reactHooks },
    rules: {
      "react-hooks/rules-of-hooks": "error",
      "react-hooks/exhaustive-deps": "error",
      // Numbers are counts and pixels here; money is bigint and goes through money/.
      "@typescript-eslint/restrict-template-expressions": ["error", { allowNumber: true, allowBoolean: false }],
      "@typescript-eslint/no-confusing-void-expression": ["error", { ignoreArrowShorthand: true }],
      "no-restricted-globals": ["error", { name: "parseFloat", message: "money is bigint: use money/decimal" }],
      "max-lines": ["error", 600],
      "max-lines-per-function": ["error", { max: 100, skipBlankLines: true, skipComments: true }],
    },
  },
  { files: ["public/*.js"], languageOptions: { globals: { self: "readonly", localStorage: "readonly", document: "readonly", caches: "readonly", fetch: "readonly", URL: "readonly", Response: "readonly" } } },
  { files: ["measure/*.js"], languageOptions: { globals: { process: "readonly", document: "readonly", performance: "readonly", MutationObserver: "readonly", requestAnimationFrame: "readonly", setTimeout: "readonly", URL: "readonly" } } },
  { files: ["tests/**"], rules: { "max-lines-per-function": "off", "@typescript-eslint/no-non-null-assertion": "off" } },
);
