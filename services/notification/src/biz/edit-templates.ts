import type { Clock } from "@tandem/kernel";
import { templateInvalid, versionConflict } from "../model/errors.ts";
import { canonicalLocale } from "../model/locale.ts";
import { checkTexts, type RenderedTemplate, renderTemplate, type TemplateTexts } from "../model/template.ts";
import { templateNamed } from "../model/templates/template-catalogue.ts";
import type { NotificationUnitOfWork, TemplateOverride, TemplateOverrideReader } from "./ports.ts";

export interface UpdateTemplateInput extends TemplateTexts {
  readonly name: string;
  readonly locale: string;
  /** The version that was read; 0 while there is none. */
  readonly version: number;
  readonly updatedBy: string;
}

/**
 * Stores a new version of what staff writes in place of a built-in text. Nothing that does not render gets in.
 * @throws AppError `notification.template_not_found`, `notification.template_invalid`, `notification.version_conflict`
 */
export const makeUpdateTemplate =
  ({ uow, clock }: { readonly uow: NotificationUnitOfWork; readonly clock: Clock }) =>
  (
    { name, locale: wanted, version, updatedBy, ...texts }: UpdateTemplateInput,
    signal?: AbortSignal,
  ): Promise<TemplateOverride> => {
    const template = templateNamed(name);
    const locale = canonicalLocale(wanted);
    if (!locale) throw templateInvalid("locale", `${wanted} is no language`);
    checkTexts(template, locale, texts);
    return uow.transact(async ({ overrides }) => {
      const current = (await overrides.listCurrent(name)).find((one) => one.locale === locale)?.version ?? 0;
      const after = { ...texts, name, locale, version: version + 1, updatedBy, updatedAt: clock.now() };
      if (current !== version || !(await overrides.createIfAbsent(after))) throw versionConflict("The template");
      return after;
    }, signal);
  };

/** What a customer of that locale would get, with invented values. @throws AppError `notification.template_not_found` */
export const makePreviewTemplate =
  ({ overrides }: { readonly overrides: TemplateOverrideReader }) =>
  async (name: string, locale: string): Promise<RenderedTemplate> => {
    const template = templateNamed(name);
    return renderTemplate(template, template.sample, {
      locale,
      timeZone: "UTC",
      customerName: "Ada Example",
      unsubscribeUrl: template.category === "MARKETING" ? "https://example.com/unsubscribe" : undefined,
      overrides: new Map((await overrides.listCurrent(name)).map((one) => [one.locale, one])),
    });
  };
