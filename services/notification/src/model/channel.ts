export type Channel = "EMAIL" | "SMS";

export type Category = "ORDER" | "ACCOUNT" | "SECURITY" | "MARKETING";

export const categories: readonly Category[] = ["ORDER", "ACCOUNT", "SECURITY", "MARKETING"];
