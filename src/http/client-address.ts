// Where a request comes from, as far as it can be trusted.
import type { IncomingMessage } from 'node:http'
import { BlockList, isIP } from 'node:net'

/** Tells whether an address is that of a proxy that the operator trusts. */
export type TrustedProxies = (address: string) => boolean

const LOOPBACK = ['127.0.0.0/8', '::1']

/** Reads addresses, networks such as `10.0.0.0/8`, and `loopback`; null when one is none of these. */
export function parseTrustedProxies(list: string): TrustedProxies | null {
  const trusted = new BlockList()
  const parts = list.split(',').map((part) => part.trim())
  for (const part of parts.flatMap((part) => (part === 'loopback' ? LOOPBACK : [part]))) {
    const [address = '', prefix, ...rest] = part.split('/')
    const family = isIP(address)
    const bits = prefix === undefined ? null : Number(prefix)
    if (family === 0 || rest.length > 0) return null
    const kind = family === 4 ? 'ipv4' : 'ipv6'
    if (bits === null) trusted.addAddress(address, kind)
    else if (/^\d{1,3}$/.test(prefix ?? '') && bits <= (family === 4 ? 32 : 128)) trusted.addSubnet(address, bits, kind)
    else return null
  }
  return (address) => isIP(address) !== 0 && trusted.check(address, isIP(address) === 4 ? 'ipv4' : 'ipv6')
}

/**
 * The address of the client: of the connection, unless that is a trusted proxy; then the right-most address of
 * `X-Forwarded-For` that is none. What stands further left was written by the client, who may write anything.
 */
export function clientAddress(request: IncomingMessage, isTrusted: TrustedProxies): string | undefined {
  let address = plainAddress(request.socket.remoteAddress ?? '')
  const hops = String(request.headers['x-forwarded-for'] ?? '').split(',')
  while (address !== null && isTrusted(address) && hops.length > 0) {
    const hop = plainAddress(hops.pop() ?? '')
    if (hop === null) break
    address = hop
  }
  return address ?? undefined
}

/** Without a port, brackets, a zone, or the form that IPv4 has in IPv6; null when it is no address. */
function plainAddress(text: string): string | null {
  const bare = text
    .trim()
    .replace(/^\[([^\]]*)\](?::\d+)?$/, '$1')
    .replace(/^([\d.]+):\d+$/, '$1')
    .replace(/%.*$/, '')
    .replace(/^::ffff:(?=[\d.]+$)/i, '')
  return isIP(bare) === 0 ? null : bare
}
