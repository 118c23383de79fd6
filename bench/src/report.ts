/** One figure of the report. */
export interface Figure {
  readonly name: string;
  readonly unit: string;
  /** One per round, or the value itself. */
  readonly samples: readonly number[];
  readonly target?: { readonly atLeast?: number; readonly atMost?: number };
  readonly note?: string;
}

export const median = (values: readonly number[]): number => {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.floor(sorted.length / 2)] ?? Number.NaN;
};

export const percentile = (values: readonly number[], share: number): number => {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? Number.NaN;
};

const show = (value: number): string =>
  Number.isFinite(value) ? (Math.abs(value) >= 100 ? Math.round(value).toLocaleString("en") : value.toFixed(1)) : "-";

/** Met, or by how much it was missed. */
export const verdictOf = ({ samples, target }: Figure): string => {
  if (!target || samples.length === 0) return "";
  const value = median(samples);
  if (target.atLeast !== undefined) {
    return value >= target.atLeast ? "met" : `missed by ${(100 * (1 - value / target.atLeast)).toFixed(0)} %`;
  }
  const most = target.atMost ?? 0;
  return value <= most ? "met" : `missed by ${(100 * (value / most - 1)).toFixed(0)} %`;
};

const targetOf = ({ target }: Figure): string =>
  target?.atLeast !== undefined
    ? `>= ${show(target.atLeast)}`
    : target?.atMost !== undefined
      ? `<= ${show(target.atMost)}`
      : "";

export const lineOf = (figure: Figure): string => {
  const { name, unit, samples, note } = figure;
  const range =
    samples.length > 1
      ? ` (${show(Math.min(...samples))} to ${show(Math.max(...samples))}, ${samples.length} rounds)`
      : "";
  const verdict = verdictOf(figure);
  return `${name}: ${show(median(samples))} ${unit}${range}${verdict ? `, ${targetOf(figure)}: ${verdict}` : ""}${note ? `; ${note}` : ""}`;
};

export interface Report {
  readonly startedAt: string;
  readonly machine: Readonly<Record<string, string>>;
  readonly durability: Readonly<Record<string, string>>;
  readonly sections: readonly {
    readonly title: string;
    readonly figures: readonly Figure[];
    readonly failed?: string;
  }[];
}

export const toMarkdown = ({ startedAt, machine, durability, sections }: Report): string => {
  const facts = (record: Readonly<Record<string, string>>) =>
    Object.entries(record).map(([key, value]) => `- ${key}: ${value}`);
  const rows = (figures: readonly Figure[]) =>
    figures.map((figure) => {
      const { samples } = figure;
      const range = samples.length > 1 ? `${show(Math.min(...samples))} to ${show(Math.max(...samples))}` : "";
      return `| ${figure.name} | ${show(median(samples))} ${figure.unit} | ${range} | ${targetOf(figure)} | ${verdictOf(figure)} | ${figure.note ?? ""} |`;
    });
  return [
    `# Figures of ${startedAt}`,
    "",
    "Medians of interleaved rounds on one machine in one run; the range is that of the rounds.",
    "",
    ...facts(machine),
    "",
    "Postgres:",
    ...facts(durability),
    ...sections.flatMap(({ title, figures, failed }) => [
      "",
      `## ${title}`,
      "",
      ...(failed ? [`Not measured: ${failed}`, ""] : []),
      ...(figures.length > 0
        ? ["| figure | median | range | target | | |", "|---|---|---|---|---|---|", ...rows(figures)]
        : []),
    ]),
    "",
  ].join("\n");
};
