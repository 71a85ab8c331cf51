// Who signs a delivery, and what it is called: words of the operator's own that customers read.
import { withoutHidden } from './text.ts'

/** Who signs what a customer receives. */
export interface Signature {
  /** Who delivers it. */
  supplier?: string
  /** Where the customer may ask. */
  contact?: string
}

/** What a delivery says of itself, beside its data. */
export interface SignedDelivery extends Signature {
  title?: string
}

/** The most characters of each. */
export const MOST_SIGNED = { supplier: 100, title: 120, contact: 200 } as const

/**
 * The text in one line, without blanks around it; null for what a page cannot show as it is: nothing, more than `most`
 * characters, line ends, or characters that cannot be seen.
 */
export function signedText(text: string, most: number): string | null {
  const line = text.trim()
  const isPlain = !/[\t\r\n\u2028\u2029]/.test(line) && withoutHidden(line) === line
  return line !== '' && [...line].length <= most && isPlain ? line : null
}

/** Where a contact leads to when it is one e-mail address or one web address, and nothing else; null for other text. */
export function contactLink(contact: string): string | null {
  if (/^[\w.+-]+@[\w-]+(?:\.[\w-]+)+$/.test(contact)) return `mailto:${contact}`
  return /^https:\/\/[^\s"'<>]+$/.test(contact) && URL.canParse(contact) ? contact : null
}
