import { fileURLToPath } from 'node:url'
import { defineConfig } from 'vitest/config'

// biome-ignore lint/style/noDefaultExport: Vitest reads its settings from the default export.
export default defineConfig({
  test: {
    root: fileURLToPath(new URL('..', import.meta.url)),
    include: ['test/**/*.test.ts'],
    globalSetup: 'test/built.ts',
    testTimeout: process.env.SOAK ? 600_000 : 30_000,
    hookTimeout: 60_000,
    // A poll ends when it holds; only a busy machine needs more than the usual second.
    expect: { poll: { timeout: 10_000 } },
    // One load of the modules for all files of a worker halves the work: chpipe keeps no state in modules.
    isolate: false,
    // Much of the time goes by in waiting for child processes, so that a third worker pays even on two cores.
    maxWorkers: 3,
  },
})
