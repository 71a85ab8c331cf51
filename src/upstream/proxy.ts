// Which proxy, if any, leads to a server.
import { BlockList, isIP } from 'node:net'
import type { Proxies } from '../settings.ts'

/** The proxy for calls to `target`, with its credentials; null when they go there directly. */
export function proxyFor(target: URL, { https, http, except }: Proxies): URL | null {
  const proxy = target.protocol === 'https:' ? https : http
  if (proxy === null || isExcepted(target, except)) return null
  return new URL(proxy)
}

/** The proxy as an operator may see it: without its credentials. */
export function proxyName({ protocol, host }: URL): string {
  return `${protocol}//${host}`
}

/**
 * Whether `NO_PROXY` names the host, as curl reads it: `*`, a name with or without a leading dot and all names below it,
 * an address, a range such as `10.0.0.0/8`; each may have a port.
 */
function isExcepted(target: URL, except: string): boolean {
  const host = target.hostname.replace(/^\[|\]$/g, '').toLowerCase()
  const port = target.port || (target.protocol === 'https:' ? '443' : '80')
  return except
    .toLowerCase()
    .split(/[\s,]+/)
    .some((entry) => {
      if (entry === '*') return true
      const [, name = '', ofPort] = /^(\[.*\]|[^:]*|.*:.*:.*?)(?::(\d+))?$/.exec(entry) ?? []
      const meant = name.replace(/^\[|\]$/g, '').replace(/^\*?\./, '')
      if (meant === '' || (ofPort !== undefined && ofPort !== port)) return false
      return host === meant || host.endsWith(`.${meant}`) || isInRange(host, meant)
    })
}

function isInRange(host: string, range: string): boolean {
  const [net = '', bits = ''] = range.split('/')
  const version = isIP(net)
  if (version === 0 || isIP(host) !== version || !/^\d{1,3}$/.test(bits)) return false
  if (Number(bits) > (version === 4 ? 32 : 128)) return false
  const family = version === 4 ? 'ipv4' : 'ipv6'
  const list = new BlockList()
  list.addSubnet(net, Number(bits), family)
  return list.check(host, family)
}
