import type { TemplateDefinition } from "../template.ts";
import { composeTexts, helloDe, helloEn } from "./compose-texts.ts";

export const welcome: TemplateDefinition = {
  name: "auth.user_registered",
  category: "ACCOUNT",
  urgent: true,
  channels: ["EMAIL"],
  variables: {},
  sample: {},
  texts: {
    en: composeTexts("Welcome to Tandem", [helloEn, "your account is ready. Good to have you with us."]),
    de: composeTexts("Willkommen bei Tandem", [helloDe, "Ihr Konto ist eingerichtet. Schön, dass Sie da sind."]),
  },
};

export const loginLocked: TemplateDefinition = {
  name: "auth.login_locked",
  category: "SECURITY",
  urgent: true,
  channels: ["EMAIL", "SMS"],
  variables: { failedAttempts: "number", lockedUntil: "time", ip: "text" },
  sample: { failedAttempts: 5, lockedUntil: "2026-11-21T10:15:00.000Z", ip: "192.0.2.7" },
  texts: {
    en: composeTexts(
      "Your account is locked for a while",
      [
        helloEn,
        "somebody entered a wrong password {{failedAttempts}} times{{#ip}}, last from the address {{ip}}{{/ip}}. To protect you, nobody can sign in until {{lockedUntil}}.",
        "If that was you, wait and try again. If not, change your password.",
      ],
      "Tandem: your account is locked until {{lockedUntil}} after {{failedAttempts}} wrong passwords.",
    ),
    de: composeTexts(
      "Ihr Konto ist vorübergehend gesperrt",
      [
        helloDe,
        "jemand hat {{failedAttempts}}-mal ein falsches Passwort eingegeben{{#ip}}, zuletzt von der Adresse {{ip}}{{/ip}}. Zu Ihrem Schutz ist die Anmeldung gesperrt, bis {{lockedUntil}}.",
        "Waren Sie es selbst, versuchen Sie es danach erneut. Wenn nicht, ändern Sie Ihr Passwort.",
      ],
      "Tandem: Ihr Konto ist nach {{failedAttempts}} falschen Passwörtern gesperrt, bis {{lockedUntil}}.",
    ),
  },
};

export const sessionReused: TemplateDefinition = {
  name: "auth.session_revoked",
  category: "SECURITY",
  urgent: true,
  channels: ["EMAIL"],
  variables: { at: "time" },
  sample: { at: "2026-11-21T10:00:00.000Z" },
  texts: {
    en: composeTexts("You were signed out for your safety", [
      helloEn,
      "on {{at}} a sign-in of yours was used twice, as happens when it is stolen. We have ended it everywhere.",
      "Please sign in again and change your password.",
    ]),
    de: composeTexts("Wir haben Sie zu Ihrer Sicherheit abgemeldet", [
      helloDe,
      "eine Ihrer Anmeldungen wurde doppelt verwendet ({{at}}), wie es bei einem Diebstahl vorkommt. Wir haben sie überall beendet.",
      "Bitte melden Sie sich neu an und ändern Sie Ihr Passwort.",
    ]),
  },
};

const verificationVariables = { code: "secret", link: "url", expiresAt: "time" } as const;
const verificationSample = {
  code: "00000000-0000-7000-8000-000000000000",
  link: "https://shop.example/account#",
  expiresAt: "2026-11-21T10:30:00.000Z",
};

export const confirmEmail: TemplateDefinition = {
  name: "auth.confirm_email",
  category: "SECURITY",
  urgent: true,
  channels: ["EMAIL"],
  variables: verificationVariables,
  sample: verificationSample,
  texts: {
    en: composeTexts("Please confirm your e-mail address", [
      helloEn,
      "please confirm that this is your address{{#link}}: {{link}}{{code}}{{/link}}{{^link}}. Your code is {{code}}{{/link}}",
      "It works once, until {{expiresAt}}. If you did not open an account with us, there is nothing to do.",
    ]),
    de: composeTexts("Bitte bestätigen Sie Ihre E-Mail-Adresse", [
      helloDe,
      "bitte bestätigen Sie, dass das Ihre Adresse ist{{#link}}: {{link}}{{code}}{{/link}}{{^link}}. Ihr Code lautet {{code}}{{/link}}",
      "Er gilt einmal, bis {{expiresAt}}. Haben Sie bei uns kein Konto eröffnet, müssen Sie nichts tun.",
    ]),
  },
};

export const resetPassword: TemplateDefinition = {
  name: "auth.reset_password",
  category: "SECURITY",
  urgent: true,
  channels: ["EMAIL"],
  variables: verificationVariables,
  sample: verificationSample,
  texts: {
    en: composeTexts("Set a new password", [
      helloEn,
      "somebody, probably you, asked to set a new password for your account{{#link}}: {{link}}{{code}}{{/link}}{{^link}}. Your code is {{code}}{{/link}}",
      "It works once, until {{expiresAt}}. If that was not you, your password stays as it is; give the code to nobody.",
    ]),
    de: composeTexts("Legen Sie ein neues Passwort fest", [
      helloDe,
      "jemand, vermutlich Sie selbst, möchte für Ihr Konto ein neues Passwort festlegen{{#link}}: {{link}}{{code}}{{/link}}{{^link}}. Ihr Code lautet {{code}}{{/link}}",
      "Er gilt einmal, bis {{expiresAt}}. Waren Sie es nicht, bleibt Ihr Passwort, wie es ist; geben Sie den Code niemandem.",
    ]),
  },
};

export const abandonedCart: TemplateDefinition = {
  name: "cart.abandoned",
  category: "MARKETING",
  urgent: false,
  channels: ["EMAIL"],
  variables: { lines: { sku: "text", quantity: "number" }, pieces: "number" },
  sample: { lines: [{ sku: "LAMP-01", quantity: 2 }], pieces: 2 },
  texts: {
    en: composeTexts("Your cart is waiting for you", [
      helloEn,
      "these are still in your cart:",
      { each: "lines", line: "{{quantity}} × {{sku}}" },
      "We keep it for you; prices and stock may change.",
    ]),
    de: composeTexts("Ihr Warenkorb wartet auf Sie", [
      helloDe,
      "das liegt noch in Ihrem Warenkorb:",
      { each: "lines", line: "{{quantity}} × {{sku}}" },
      "Wir heben ihn für Sie auf; Preise und Bestand können sich ändern.",
    ]),
  },
};
