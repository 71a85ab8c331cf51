import { chmodSync, existsSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

/**
 * Many tests start the built program: without it they would fail one by one, and none would say why. What the workers
 * share lies in a folder of this run, which is gone after it.
 */
export function setup(): () => void {
  const main = fileURLToPath(new URL('../dist/main.js', import.meta.url))
  if (!existsSync(main))
    throw new Error('chpipe is not built: run `npm test`, which builds it, or `npm run build` first')
  const folder = mkdtempSync(join(tmpdir(), 'chpipe-tests-'))
  chmodSync(folder, 0o755)
  process.env.TEST_RUN_FOLDER = folder
  return () => rmSync(folder, { recursive: true, force: true })
}
