// What the environment says, and whether everybody who reads it understands the same.
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { ambiguousLines, ambiguousValues, decodeEnvFile } from '../../env-file.ts'
import type { Settings } from '../../settings.ts'
import { proxyFor, proxyName } from '../../upstream/proxy.ts'
import { type Check, ok, warn } from './check.ts'

const OWN = /^(?:COMPANIES_HOUSE_|SNOV_|CHPIPE_|(?:https?_proxy|no_proxy)$)/i

/** Whether systemd, docker, a shell and chpipe read the settings alike. Names variables, never values. */
export function checkEnvironment(env: Record<string, string | undefined>, cwd: string | null): Check {
  const found = [
    ...(cwd === null ? [] : ambiguousLines(readEnvFile(join(cwd, '.env')))),
    ...ambiguousValues(env, Object.keys(env)).filter(({ what }) => !what.includes('shell')),
  ].filter(({ name }) => OWN.test(name))
  if (found.length === 0) return ok('environment', 'means the same to systemd, docker, a shell and chpipe')
  const message = [...new Set(found.map(({ name, what }) => `${name} ${what}`))].join('; ')
  return warn(
    'environment',
    `not everybody reads it alike: ${message}`,
    'write NAME=value and nothing else on the line',
  )
}

function readEnvFile(file: string): string {
  try {
    return decodeEnvFile(readFileSync(file), file)
  } catch {
    return ''
  }
}

/** Which proxy leads to which service, without its credentials. */
export function checkProxy({
  proxies,
  companiesHouseApiUrl,
  companiesHouseStreamUrl,
  snovApiUrl,
}: Pick<Settings, 'proxies' | 'companiesHouseApiUrl' | 'companiesHouseStreamUrl' | 'snovApiUrl'>): Check {
  const ways = [companiesHouseApiUrl, companiesHouseStreamUrl, snovApiUrl].map((address) => {
    const target = new URL(address)
    const proxy = proxyFor(target, proxies)
    return proxy ? `${target.host} through ${proxyName(proxy)}` : null
  })
  const used = [...new Set(ways.filter((way) => way !== null))]
  return ok('proxy', used.length === 0 ? 'none is used' : used.join('; '))
}
