// An address, which has the same members wherever Companies House tells one (facts 1.4, 1.5, 1.7).
import type * as z from 'zod'

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
    care_of: address?.care_of ?? null,
    po_box: address?.po_box ?? null,
    premises: address?.premises ?? null,
    address_line_1: address?.address_line_1 ?? null,
    address_line_2: address?.address_line_2 ?? null,
    locality: address?.locality ?? null,
    region: address?.region ?? null,
    country: address?.country ?? null,
    postal_code: address?.postal_code ?? null,
  }
}
