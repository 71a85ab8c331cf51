// Legal forms at the end of a name: they tell a company that was appointed under the role of a person.
import { nameWords } from '../names.ts'

const words = (text: string) => new Set(text.split(/\s+/).filter(Boolean))

/** No forename and no surname: wherever a name ends with one of these, a body is meant. */
const SURE = words(`ltd limited plc llp lllp llc inc incorporated corp corporation unlimited cic cio clg dac teoranta
  cyf cyfyngedig gmbh ggmbh mbh kgaa ohg aktiengesellschaft sarl sarlu sasu eurl sprl bvba srl scrl ltda ltee limitee pty
  pte bhd kft zrt nyrt doo sro eood ood oyj aps fze fzco fzc wll jsc pjsc ojsc eeig trustees nominees partnership
  partners company foundation stiftung anstalt cooperative society holdings`)

/** Short forms that are also initials, forenames or surnames: other signs must agree. */
const DOUBTFUL = words(`lp slp sa sas sca scs snc ag nv bv cv se as a/s ab oy spa sl slu lda kg og ug ad sc co kb kk
  trust fund`)

interface Signs {
  /** A date of birth says that a person is meant. */
  isPerson: boolean
  /** Of a secretary no date of birth is ever filed. */
  isSecretary: boolean
}

/**
 * Whether a name ends with a legal form, whatever its case and dots: `BELL ARCH LTD.`, `Bell Arch S.à r.l.`, `ARCH LTD,
 * Bell`, `ACME LIMITED (IN LIQUIDATION)`. A short form behind a comma may be initials: it counts only when it is written
 * as a form (`S.A.`, `AG`) and a person would have a date of birth.
 */
export function endsWithLegalForm(name: string, { isPerson, isSecretary }: Signs): boolean {
  const bare = name.replace(/[([{][^)\]}]*[)\]}]?/g, ' ').replace(/\s(?:T\/A|TRADING AS)\s.*$/i, ' ')
  const surname = /^([^,]*),/.exec(bare)?.[1]
  if (endsWithOneOf(bare, SURE) || (surname !== undefined && endsWithOneOf(surname, SURE))) return true
  if (isPerson || !endsWithOneOf(bare, DOUBTFUL)) return false
  return surname === undefined || (!isSecretary && /[\s,](?:\p{Lu}\.?\s?|\/){2,}[\s.,]*$/u.test(bare.slice(-40)))
}

/** Whether the last word, or short ones written apart (`S.à r.l.`), are a form and something stands before them. */
function endsWithOneOf(name: string, forms: Set<string>): boolean {
  const said = nameWords(name)
  for (let count = 1; count < said.length && count <= 4; count += 1) {
    const tail = said.slice(-count)
    if (count > 1 && tail.some((word) => word.length > 2)) return false
    if (forms.has(tail.join(''))) return true
  }
  return false
}
