// An address, which has the same members wherever Companies House tells one (facts 1.4, 1.5, 1.7).
import type * as z from 'zod'
import { filed } from '../text.ts'

type Member =
  | 'care_of'
  | 'po_box'
  | 'premises'
  | 'address_line_1'
  | 'address_line_2'
  | 'locality'
  | 'region'
  | 'country'
  | 'postal_code'

type Of<Value> = Record<Member, Value>

/** The members of an address for an object's schema, each read as `text` says. */
export function addressShape<Text extends z.ZodType>(text: Text): Of<Text> {
  return {
    care_of: text,
    po_box: text,
    premises: text,
    address_line_1: text,
    address_line_2: text,
    locality: text,
    region: text,
    country: text,
    postal_code: text,
  }
}

/** An address as columns: what it does not have, or where there is none, is null. */
export function addressColumns(address: Partial<Of<string | null | undefined>> | null | undefined): Of<string | null> {
  return {
    care_of: filed(address?.care_of),
    po_box: filed(address?.po_box),
    premises: filed(address?.premises),
    address_line_1: filed(address?.address_line_1),
    address_line_2: filed(address?.address_line_2),
    locality: filed(address?.locality),
    region: filed(address?.region),
    country: filed(address?.country),
    postal_code: filed(address?.postal_code),
  }
}
