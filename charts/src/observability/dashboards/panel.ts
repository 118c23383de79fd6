/** Grafana's names of units that occur here. */
export type Unit = "short" | "reqps" | "s" | "percentunit" | "bytes" | "none";

export interface Query {
  readonly expr: string;
  /** `{{service}}`; absent: all labels. */
  readonly legend?: string;
}

export interface PanelSpec {
  readonly kind: "timeseries" | "stat" | "bargauge" | "table";
  readonly title: string;
  /** Why somebody looks here. */
  readonly description?: string;
  readonly unit?: Unit;
  readonly queries: readonly Query[];
  /** From these values on it is yellow, and red. */
  readonly warnAt?: readonly [yellow: number, red: number];
  /** Of 24. Default 8, a stat 4. */
  readonly width?: number;
}

export interface Row {
  readonly title: string;
  readonly panels: readonly PanelSpec[];
}

/** The dashboard's variable of that name. */
// biome-ignore lint/suspicious/noTemplateCurlyInString: Grafana's placeholder, not ours
export const DATASOURCE = { type: "prometheus", uid: "${datasource}" };
const HEIGHTS = { timeseries: 8, bargauge: 8, table: 8, stat: 4 } as const;

const steps = ([yellow, red]: readonly [number, number]) => [
  { color: "green", value: null },
  { color: "yellow", value: yellow },
  { color: "red", value: red },
];

const optionsOf = (kind: PanelSpec["kind"]): object => {
  switch (kind) {
    case "timeseries":
      return { legend: { displayMode: "list", placement: "bottom" }, tooltip: { mode: "multi", sort: "desc" } };
    case "stat":
      return { reduceOptions: { calcs: ["lastNotNull"] }, colorMode: "background", graphMode: "area" };
    case "bargauge":
      return { reduceOptions: { calcs: ["lastNotNull"] }, orientation: "horizontal", displayMode: "gradient" };
    case "table":
      return { showHeader: true };
  }
};

/** Panels of a row beside each other, wrapped at 24 columns. */
const place = (panels: readonly PanelSpec[], top: number) => {
  let x = 0;
  let y = top;
  let tallest = 0;
  const placed = panels.map((panel) => {
    const w = panel.width ?? (panel.kind === "stat" ? 4 : 8);
    const h = HEIGHTS[panel.kind];
    if (x + w > 24) {
      x = 0;
      y += tallest;
      tallest = 0;
    }
    const at = { x, y, w, h };
    x += w;
    tallest = Math.max(tallest, h);
    return { panel, at };
  });
  return { placed, bottom: y + tallest };
};

const toPanel = (id: number, { panel, at }: ReturnType<typeof place>["placed"][number]) => {
  const { kind, title, description, unit = "short", queries, warnAt } = panel;
  const instant = kind === "table" || kind === "bargauge";
  return {
    id,
    type: kind,
    title,
    ...(description === undefined ? {} : { description }),
    datasource: DATASOURCE,
    gridPos: at,
    targets: queries.map(({ expr, legend }, index) => ({
      refId: String.fromCharCode(65 + index),
      datasource: DATASOURCE,
      expr: expr.replaceAll(/\s+/g, " ").trim(),
      legendFormat: legend ?? "__auto",
      ...(instant ? { instant: true, format: kind === "table" ? "table" : "time_series" } : {}),
    })),
    fieldConfig: {
      defaults: {
        unit,
        min: 0,
        ...(warnAt === undefined ? {} : { color: { mode: kind === "timeseries" ? "palette-classic" : "thresholds" } }),
        thresholds: { mode: "absolute", steps: warnAt ? steps(warnAt) : [{ color: "green", value: null }] },
        ...(kind === "timeseries" ? { custom: { fillOpacity: 10, lineWidth: 1, showPoints: "never" } } : {}),
      },
      overrides: [],
    },
    options: optionsOf(kind),
  };
};

/** Rows below each other, as Grafana wants them: a flat list, each panel with its place. */
export const layOut = (rows: readonly Row[]): readonly object[] => {
  const panels: object[] = [];
  let y = 0;
  for (const { title, panels: specs } of rows) {
    panels.push({
      id: panels.length + 1,
      type: "row",
      title,
      collapsed: false,
      gridPos: { x: 0, y, w: 24, h: 1 },
      panels: [],
    });
    const { placed, bottom } = place(specs, y + 1);
    for (const one of placed) panels.push(toPanel(panels.length + 1, one));
    y = bottom;
  }
  return panels;
};
