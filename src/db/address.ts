// The lines of an address, under the register's own names (facts 1.4, 1.5, 1.7).

/** The columns of an address, wherever one is stored, in the order of their lines. */
export const ADDRESS_COLUMNS = [
  'care_of',
  'po_box',
  'premises',
  'address_line_1',
  'address_line_2',
  'locality',
  'region',
  'country',
  'postal_code',
] as const

export type AddressColumn = (typeof ADDRESS_COLUMNS)[number]
