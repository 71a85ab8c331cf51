/** The account's credits and what they were spent on. */
export interface Credits {
  readonly balance: number
  /** Takes the price of one input. */
  charge(input: string, creditCount: number): void
  /** Moves the balance as if somebody else used the account; below zero it spends. */
  move(creditCount: number): void
  wasCharged(input: string): boolean
  readonly charges: Record<string, number>
  readonly spent: number
}

export function createCredits(start: number): Credits {
  let balance = start
  let spent = 0
  const charges = new Map<string, number>()
  return {
    get balance() {
      return balance
    },
    charge(input, creditCount) {
      if (creditCount === 0) return
      balance -= creditCount
      spent += creditCount
      charges.set(input, (charges.get(input) ?? 0) + creditCount)
    },
    move(creditCount) {
      balance = Math.max(0, balance + creditCount)
    },
    wasCharged: (input) => charges.has(input),
    get charges() {
      return Object.fromEntries(charges)
    },
    get spent() {
      return spent
    },
  }
}
