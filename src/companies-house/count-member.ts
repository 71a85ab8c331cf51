import * as z from 'zod'

/** A count in a reply: a whole number, also where it is written as a string. */
export const countMember = z.union([
  z.int().nonnegative(),
  z
    .string()
    .regex(/^\d{1,15}$/)
    .transform(Number),
])
