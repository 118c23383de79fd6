import { passwordWeak } from "./errors.ts";

export const MIN_PASSWORD_CHARS = 10;
export const MAX_PASSWORD_CHARS = 128;

// What guessers try first, of those that are long enough. A screening against all leaked ones belongs behind a port of its own.
const COMMON: ReadonlySet<string> = new Set(
  `password12 password123 password1234 passwordpassword qwertyuiop qwerty12345 qwerty123456 1q2w3e4r5t 1qaz2wsx3edc zaq12wsxcde3
  iloveyou12 iloveyou123 letmein123 letmein1234 welcome123 welcome1234 administrator changeme123 trustno1trustno1 superman123
  batman12345 football123 baseball123 monkey12345 dragon12345 sunshine123 princess123 starwars123 whatever123 1234567890
  12345678910 123456789a 123456789q 0123456789 0987654321 9876543210 1111111111 abcdefghij abcdefghijk abc1234567 abcd123456
  asdfghjkl1 asdfghjkl123 zxcvbnm123 qazwsxedcrfv p@ssw0rd123 passw0rd123 correcthorsebatterystaple`.split(/\s+/),
);

/** One person's password is one string, however a keyboard composes its accents (NIST SP 800-63B, 3.1.1.2). */
export const canonicalPassword = (password: string): string => password.normalize("NFKC");

/**
 * Length counts, not decoration: 10 to 128 characters, no common password, not one or two characters repeated, not a run of the keyboard's digits,
 * and not the address or the name.
 * @throws AppError `auth.password_weak`
 */
export const checkPassword = (password: string, about: { readonly email: string; readonly name: string }): void => {
  const canonical = canonicalPassword(password);
  const chars = [...canonical];
  if (chars.length < MIN_PASSWORD_CHARS)
    throw passwordWeak("min_length", `A password has at least ${MIN_PASSWORD_CHARS} characters.`);
  if (chars.length > MAX_PASSWORD_CHARS)
    throw passwordWeak("max_length", `A password has at most ${MAX_PASSWORD_CHARS} characters.`);
  if (new Set(chars).size < 4) throw passwordWeak("too_simple", "A password has at least four different characters.");
  const plain = canonical.toLowerCase();
  if (COMMON.has(plain)) throw passwordWeak("common", "This password is among the first that guessers try.");
  const local = about.email.toLowerCase().split("@")[0] ?? "";
  const own = [about.email.toLowerCase(), local, about.name.toLowerCase()].filter((part) => part.length >= 4);
  // `ada.park` and a few digits is a guess; the name inside a long sentence is not.
  if (own.some((part) => plain.includes(part) && plain.length - part.length < 6))
    throw passwordWeak("personal", "A password is not the address or the name.");
};
