// Filled by the command-line tools: one CommonJS bundle with a V8 code cache.
