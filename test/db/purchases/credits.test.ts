import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { type Db, openDb } from '../../../src/db/open.ts'
import {
  balanceDifference,
  bookPurchase,
  observePurchase,
  readCreditReport,
  readCreditRoom,
  readRunCredits,
} from '../../../src/db/purchases/credits.ts'
import { closeRequest, createRequest } from '../../../src/db/purchases/requests.ts'

const request = { provider: 'snov', operation: 'domain', requestKey: 'k', inputs: [], balanceBefore: null } as const

function reserve(db: Db, reserved: number, runId = 1): number {
  return createRequest(db, { ...request, inputs: [], reserved, requestedAt: 0, runId })
}

function book(db: Db, requestId: number, expected: number, bookedAt: number, runId = 1): void {
  closeRequest(db, requestId, { status: 'completed', completedAt: bookedAt })
  bookPurchase(db, {
    provider: 'snov',
    requestId,
    operation: 'domain',
    expected,
    observed: null,
    balanceBefore: null,
    bookedAt,
    runId,
  })
}

describe('the room for purchases', () => {
  const none = { maxCredits: null, budget: null }

  it('has no end without limits', () => {
    expect(readCreditRoom(openDb(':memory:'), none, 1, 0)).toBe(Number.POSITIVE_INFINITY)
  })

  it('is what the narrower limit leaves, open purchases at their worst case', () => {
    const db = openDb(':memory:')
    book(db, reserve(db, 10), 4, 1000)
    reserve(db, 3)
    reserve(db, 5, 2)
    expect(readCreditRoom(db, { ...none, maxCredits: 20 }, 1, 1000)).toBe(13)
    expect(readCreditRoom(db, { ...none, budget: { limit: 20, windowMs: 500 } }, 1, 1000)).toBe(8)
    expect(readCreditRoom(db, { maxCredits: 8, budget: { limit: 20, windowMs: 500 } }, 1, 1000)).toBe(1)
    expect(readRunCredits(db, 1)).toEqual({ spent: 4, used: 7 })
  })

  it('forgets what was booked before the window, and is never below zero', () => {
    const db = openDb(':memory:')
    book(db, reserve(db, 10), 9, 1000)
    const limits = { ...none, budget: { limit: 5, windowMs: 500 } }
    expect(readCreditRoom(db, limits, 1, 1500)).toBe(0)
    expect(readCreditRoom(db, limits, 1, 1501)).toBe(5)
  })
})

describe('the report', () => {
  it('shows what was spent since a moment, what is reserved, and the last balance', () => {
    const db = openDb(':memory:')
    const first = reserve(db, 10)
    book(db, first, 4, 1000)
    book(db, reserve(db, 10), 2, 2000)
    observePurchase(db, first, '96.00', 6)
    reserve(db, 7)
    const read = { balance: '96.00', balanceAt: 1000 }
    expect(readCreditReport(db)).toEqual({ spent: 8, reserved: 7, ...read })
    expect(readCreditReport(db, { since: 1500 })).toEqual({ spent: 2, reserved: 7, ...read })
  })
})

describe('two balances', () => {
  it('differ by whole credits or by nothing that can be used', () => {
    expect(balanceDifference('100.00', '97.00')).toBe(3)
    expect(balanceDifference('25000.10', '24999.10')).toBe(1)
    expect(balanceDifference('3', '3.0')).toBe(0)
    expect(balanceDifference('3.00', '2.50')).toBeNull()
    expect(balanceDifference('3.00', '4.00')).toBeNull()
  })

  it('differ by what was taken away, with any two decimals', () => {
    fc.assert(
      fc.property(fc.nat(10_000_000), fc.nat(500), (cents, taken) => {
        const before = (cents / 100 + taken).toFixed(2)
        expect(balanceDifference(before, (Math.round(Number(before) * 100 - taken * 100) / 100).toFixed(2))).toBe(taken)
      }),
    )
  })
})
