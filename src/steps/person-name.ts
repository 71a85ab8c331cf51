// The name under which a person is asked for, from the name as filed at Companies House.
import type { OfficerName } from '../companies-house/officer-name.ts'
import { isTitleAlone } from '../titles.ts'
import { titleCase } from './title-case.ts'

export interface PersonName {
  firstName: string
  lastName: string
}

/** Written behind or before a name, and no part of it. Those that are also surnames (`MA`, `BA`, `MAJOR`) are left out. */
const HONOURS = new Set(
  `mr mrs miss ms mx dr sir dame prof professor rev revd reverend hon honourable rt lord lady baroness baron viscount
  obe cbe mbe kbe dbe gbe bem kcmg dcmg cmg gcmg kcb dcb gcb cvo kcvo mvo lvo qc kc jp dl mp msp mep frs frsa frcs frcp
  frics mrics riba fca aca acca fcca fcma acma phd dphil mphil bsc msc mba llb llm mbbs mrcp esq esquire jnr jr snr sr`
    .split(/\s+/)
    .filter(Boolean),
)

/**
 * The first forename that is more than an initial, and the whole surname, both in the case that people write. Titles,
 * honours, nicknames in brackets or quotes are dropped. Null where a first or last name is missing; a title alone is
 * no first name.
 */
export function personName({ forenames, surname }: Pick<OfficerName, 'forenames' | 'surname'>): PersonName | null {
  const first = isTitleAlone(forenames ?? '', surname ?? '') ? [] : wordsToWrite(forenames)
  const last = wordsToWrite(surname)
  const called = first.find((word) => letterCount(word) > 1) ?? first[0]
  if (!called || last.length === 0) return null
  return { firstName: titleCase(called), lastName: titleCase(last.join(' ')) }
}

/** The words of a name without what stands around it; a name of nothing but honours keeps its last word. */
function wordsToWrite(text: string | null): string[] {
  const words = (text ?? '')
    .normalize('NFC')
    .replace(/\([^)]*\)|\[[^\]]*\]|"[^"]*"|“[^”]*”/g, ' ')
    .split(/[\s,;()[\]"“”]+/)
    .map((word) => word.replace(/^[^\p{L}\p{N}]+|[^\p{L}\p{M}\p{N}.]+$/gu, ''))
    .filter((word) => letterCount(word) > 0)
  const named = words.filter((word) => !HONOURS.has(word.toLowerCase().replaceAll('.', '')))
  return named.length > 0 ? named : words.slice(-1)
}

function letterCount(word: string): number {
  return word.match(/\p{L}/gu)?.length ?? 0
}
