export interface Address {
  readonly recipient: string;
  readonly line1: string;
  readonly line2: string;
  readonly postalCode: string;
  readonly city: string;
  readonly region: string;
  readonly countryCode: string;
  readonly phone: string;
}

/** What is left of an address when its person is forgotten: the country, for the figures. */
export const blankAddress = ({ countryCode }: Address): Address => ({
  recipient: "",
  line1: "",
  line2: "",
  postalCode: "",
  city: "",
  region: "",
  countryCode,
  phone: "",
});
