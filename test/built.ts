import { existsSync } from 'node:fs'
import { fileURLToPath } from 'node:url'

/** Many tests start the built program: without it they would fail one by one, and none would say why. */
export function setup(): void {
  const main = fileURLToPath(new URL('../dist/main.js', import.meta.url))
  if (!existsSync(main))
    throw new Error('chpipe is not built: run `npm test`, which builds it, or `npm run build` first')
}
