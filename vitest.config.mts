import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    include: ['tests/labextension/**/*.test.{ts,tsx}'],
    // Files that draw say so themselves: `// @vitest-environment jsdom` in the first line.
    environment: 'node',
    setupFiles: ['tests/labextension/setup.ts'],
    // Test the sources of the platform as the browser gets them, style sheets left out.
    server: { deps: { inline: [/@jupyter/, /@jupyterlab/, /@lumino/] } },
    css: false,
    // A test that is skipped or waits for its author must not look like one that passes.
    allowOnly: false,
    reporters: ['default', 'json'],
    outputFile: { json: '.build/reports/vitest.json' }
  }
});
