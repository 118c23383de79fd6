import { type Category, type Channel, categories } from "./channel.ts";
import { preferenceLocked } from "./errors.ts";
import type { QuietHours } from "./quiet-hours.ts";

export type ChannelChoice = Readonly<Record<Channel, boolean>>;

/** What a customer wants to hear, and when not. */
export interface Preferences {
  readonly customerId: string;
  readonly channels: Readonly<Record<Category, ChannelChoice>>;
  readonly quietHours?: QuietHours | undefined;
  /** 0 while nothing was ever set. */
  readonly version: bigint;
}

/** E-mail yes, SMS when asked for. */
export const defaultPreferences = (customerId: string): Preferences => ({
  customerId,
  channels: Object.fromEntries(
    categories.map((category) => [category, { EMAIL: true, SMS: false }]),
  ) as Preferences["channels"],
  version: 0n,
});

/** Mail that people need whether they like it or not: about their orders, their account, its security. */
export const isTransactional = (category: Category): boolean => category !== "MARKETING";

export interface PreferenceChange {
  readonly channels: ReadonlyMap<Category, ChannelChoice>;
  readonly quietHours: QuietHours | undefined;
}

/** @throws AppError `notification.preference_locked` */
export const changePreferences = (before: Preferences, { channels, quietHours }: PreferenceChange): Preferences => {
  for (const [category, choice] of channels) {
    if (isTransactional(category) && !choice.EMAIL) throw preferenceLocked(category);
  }
  return {
    ...before,
    channels: { ...before.channels, ...Object.fromEntries(channels) },
    quietHours,
    version: before.version + 1n,
  };
};

/** No more marketing, by any channel. The same when there is none to stop. */
export const unsubscribe = (before: Preferences): Preferences => {
  const { EMAIL, SMS } = before.channels.MARKETING;
  if (!EMAIL && !SMS) return before;
  return {
    ...before,
    channels: { ...before.channels, MARKETING: { EMAIL: false, SMS: false } },
    version: before.version + 1n,
  };
};

export const wants = ({ channels }: Preferences, category: Category, channel: Channel): boolean =>
  channels[category][channel];
