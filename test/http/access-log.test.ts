import type { IncomingMessage } from 'node:http'
import { describe, expect, it } from 'vitest'
import { clientAddress, parseTrustedProxies } from '../../src/http/guard.ts'
import { loggedPath } from '../../src/http/server.ts'

describe('a logged path', () => {
  const stored = `chp_${'aB3-_'.repeat(8)}xyz`
  const trial = 'just/a-trial'

  it.each([
    ['/v1/companies/00445790?q=x', '/v1/companies/00445790'],
    ['/openapi.json#x', '/openapi.json'],
    [`/${stored}`, '/***'],
    [`/v1/companies/${stored}/officers`, '/v1/companies/***/officers'],
    [`/v1/companies/token=${stored};a=b`, '/v1/companies/***'],
    [`/v1/companies?token=${stored}`, '/v1/companies'],
    [`/${stored.replace('_', '%5F')}`, '/***'],
    [`/${[...stored].map((letter) => `%${letter.charCodeAt(0).toString(16)}`).join('')}`, '/***'],
    [`/v1/${trial}/x`, '/***'],
    ['/v1/just%2Fa-trial', '/***'],
    ['/v1/%6aust%252Fa%252Dtrial', '/***'],
    [`http://user:${stored}@host/v1/companies`, 'http://***/v1/companies'],
    [`/${'a/'.repeat(300)}`, `/${'a/'.repeat(99)}a`],
    ['/%zz%', '/%zz%'],
  ])('of %s is %s', (url, shown) => {
    expect(loggedPath(url, trial)).toBe(shown)
  })
})

describe('the address of a client', () => {
  const from = (remoteAddress: string, forwarded?: string) =>
    ({ socket: { remoteAddress }, headers: { 'x-forwarded-for': forwarded } }) as unknown as IncomingMessage

  it.each([
    ['127.0.0.1', '203.0.113.9', '203.0.113.9'],
    ['::ffff:127.0.0.1', '203.0.113.9', '203.0.113.9'],
    ['::1', '1.1.1.1, 203.0.113.9', '203.0.113.9'],
    ['127.0.0.1', '1.1.1.1, 203.0.113.9, 10.9.8.7', '203.0.113.9'],
    ['127.0.0.1', '203.0.113.9:4711', '203.0.113.9'],
    ['127.0.0.1', '1.1.1.1, [2001:db8::1]:443', '2001:db8::1'],
    ['127.0.0.1', '1.1.1.1, unknown', '127.0.0.1'],
    ['127.0.0.1', '1.1.1.1, ', '127.0.0.1'],
    ['127.0.0.1', undefined, '127.0.0.1'],
    ['127.0.0.1', '10.0.0.2, 10.0.0.3', '10.0.0.2'],
    ['203.0.113.9', '127.0.0.1', '203.0.113.9'],
    ['', '1.1.1.1', undefined],
  ])('connected from %s, forwarded for %s, is %s', (remote, forwarded, client) => {
    const trusted = parseTrustedProxies('loopback,10.0.0.0/8')
    expect(trusted && clientAddress(from(remote, forwarded), trusted)).toBe(client)
  })

  it.each(['', 'localhost', '10.0.0.0/33', '10.0.0.0/', '10.0.0.1/8/8', 'loopback,', '1.2.3', '::/129'])(
    'is not told by a list of proxies such as "%s"',
    (list) => {
      expect(parseTrustedProxies(list)).toBe(null)
    },
  )
})
