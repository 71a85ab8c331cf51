import { existsSync, readFileSync } from 'node:fs'
import { expect, it } from 'vitest'

const ROOT = new URL('../', import.meta.url)
const lock = JSON.parse(readFileSync(new URL('package-lock.json', ROOT), 'utf8'))

/** `npm install` writes the lock file without this member, which has to be put back by hand. */
const PUT_BACK = 'add `"gypfile": false` to this package in package-lock.json'

// Without it `npm ci` would run node-gyp (https://github.com/npm/cli/issues/9837), and fail where Python is missing.
it('npm ci builds no package that brings its binaries', () => {
  const paths = Object.keys(lock.packages).filter((path) => existsSync(new URL(`${path}/binding.gyp`, ROOT)))
  expect(paths).toEqual(['node_modules/better-sqlite3'])
  for (const path of paths) expect(lock.packages[path].gypfile, `${path}: ${PUT_BACK}`).toBe(false)
})
