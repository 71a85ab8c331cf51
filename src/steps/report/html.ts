// HTML as a template that escapes whatever is put into it.
import { withoutControls } from '../../text.ts'

/** Markup that is finished, as against text that is still to be escaped. */
export interface Markup {
  readonly markup: string
}

export type Part = Markup | string | number | null | readonly Part[]

/** Marks text as finished HTML. Only for text that this program wrote itself. */
export function trusted(markup: string): Markup {
  return { markup }
}

/** Finished HTML: text and numbers among the parts are escaped, lists joined, `null` left out. */
export function html(strings: TemplateStringsArray, ...parts: Part[]): Markup {
  return trusted(strings.map((text, index) => text + render(parts[index] ?? null)).join(''))
}

function render(part: Part): string {
  if (part === null) return ''
  if (typeof part === 'string' || typeof part === 'number') return escapeHtml(String(part))
  return 'markup' in part ? part.markup : part.map(render).join('')
}

const ENTITIES: Record<string, string> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;', "'": '&#39;' }

/** Characters that turn the direction of what comes after them: a name must not rearrange the page. */
const DIRECTIONS = /[\u200e\u200f\u202a-\u202e\u2066-\u2069]/g

/** Text for an element or a quoted attribute: no markup, no control characters, no characters of direction. */
export function escapeHtml(text: string): string {
  return withoutControls(text)
    .replace(DIRECTIONS, '\uFFFD')
    .replace(/[&<>"']/g, (character) => ENTITIES[character] ?? character)
}
