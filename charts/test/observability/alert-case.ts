/** A minute per sample, from 0 on. `1+2x60` begins at 1 and adds 2, sixty times; `3x10` stays at 3; `_x5` is not there. */
export type Series = Readonly<Record<string, string>>;

export interface AlertCase {
  readonly says: string;
  readonly series: Series;
  /** When it is looked at. */
  readonly at: string;
  /** Labels of those that fire then, without alertname and alertstate. */
  readonly firing: readonly Readonly<Record<string, string>>[];
}

/** By the name of the alert. */
export type AlertCases = Readonly<Record<string, readonly AlertCase[]>>;

export const api = 'service="order"';
export const worker = 'service="order-worker"';
export const calls = (code: string, method = "GetOrder") =>
  `tandem_rpc_server_requests_total{${api}, rpc_service="tandem.order.v1.OrderService", rpc_method="${method}", protocol="rest", code="${code}"}`;
export const durations = (end: string, method = "GetOrder") =>
  `tandem_rpc_server_duration_seconds_${end}${end === "bucket" ? `{${api}, rpc_method="${method}", le="0.5"}` : `{${api}, rpc_method="${method}"}`}`;
export const door = (status: string, route = "/orders/{order_id}") =>
  `tandem_gateway_requests_total{service="gateway", route="${route}", context="order", protocol="rest", status="${status}"}`;
export const fires = (severity: string, labels: Readonly<Record<string, string>>) => ({ severity, ...labels });
