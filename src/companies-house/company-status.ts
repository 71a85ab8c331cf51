// What a company's status says about whether it lives, and who holds an office in it.

/** The company is over: its officers have left no office open, though the register never resigns them (facts 10.5). */
export const ENDED_STATUSES: readonly string[] = ['dissolved', 'converted-closed', 'closed']

/** Whether an officer holds the office now: not resigned, and the company is not over. */
export function holdsOffice(resignedOn: string | null, companyStatus: string | null): boolean {
  return resignedOn === null && !(companyStatus !== null && ENDED_STATUSES.includes(companyStatus))
}
