import { accessSync, constants, existsSync, readFileSync, statfsSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { fileURLToPath } from 'node:url'
import { defineConfig } from 'vitest/config'

const MEMORY_FOLDER = '/dev/shm'
const ENOUGH_BYTES = 2 * 1024 ** 3

/** Thousands of small databases, each made durable at every step, are waited for on a disk and not in memory. */
function temporaryFolder(): string {
  if (process.env.TMPDIR || !existsSync(MEMORY_FOLDER)) return tmpdir()
  const mount = readFileSync('/proc/mounts', 'utf8')
    .split('\n')
    .find((line) => line.split(' ')[1] === MEMORY_FOLDER)
  const { bavail, bsize } = statfsSync(MEMORY_FOLDER)
  if (!mount || /\b(noexec|ro)\b/.test(mount) || bavail * bsize < ENOUGH_BYTES) return tmpdir()
  try {
    accessSync(MEMORY_FOLDER, constants.W_OK)
    return MEMORY_FOLDER
  } catch {
    return tmpdir()
  }
}

process.env.TMPDIR = temporaryFolder()

// Kills, attacks and waits in real time that take minutes: `npm run test:long`.
const LONG = 'test/**/*.long.test.ts'

/** `using` came with 24. */
const NODE_TAKES_SOURCES = Number(process.versions.node.split('.')[0]) >= 24
const { TESTS = 'short', SOAK } = process.env

// biome-ignore lint/style/noDefaultExport: Vitest reads its settings from the default export.
export default defineConfig({
  test: {
    root: fileURLToPath(new URL('..', import.meta.url)),
    include: [TESTS === 'long' ? LONG : 'test/**/*.test.ts'],
    exclude: TESTS === 'short' && !SOAK ? [LONG] : [],
    // A worker that collects its old objects each time that its heap has grown a little does so 30 times; and most of what
    // is called a few hundred times is never called again, and not worth to be compiled once more.
    execArgv: [
      '--initial-heap-size=1200',
      '--min-semi-space-size=16',
      '--invocation-count-for-maglev=1500',
      '--invocation-count-for-turbofan=20000',
    ],
    globalSetup: 'test/setup.ts',
    // Files are loaded as Node itself loads them, where it takes all of the language that they use.
    experimental: { viteModuleRunner: !NODE_TAKES_SOURCES, nodeLoader: false },
    testTimeout: SOAK ? 600_000 : TESTS === 'long' ? 120_000 : 30_000,
    hookTimeout: 60_000,
    // A poll ends when it holds; only a busy machine needs more than the usual second.
    expect: { poll: { timeout: TESTS === 'long' ? 30_000 : 10_000 } },
    // One load of the modules for all files of a worker halves the work: chpipe keeps no state in modules.
    isolate: false,
    // Much of the time goes by in waiting for child processes, so that four workers pay even on two cores. The long ones
    // start several processes each, and look at what happens in real time.
    maxWorkers: TESTS === 'long' ? 3 : 4,
  },
})
