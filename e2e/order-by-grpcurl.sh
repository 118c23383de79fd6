#!/usr/bin/env bash
# Places an order with nothing but grpcurl (https://github.com/fullstorydev/grpcurl) and waits for its end. No protos: the gateway reflects.
#   GATEWAY=127.0.0.1:9080 bash e2e/order-by-grpcurl.sh [words to search for]
# Exit code 1 when the order did not become COMPLETED within WITHIN seconds (120).
set -euo pipefail
gateway=${GATEWAY:-127.0.0.1:9080}
words=${1:-mug}
within=${WITHIN:-120}
email=grpcurl-$$-$RANDOM@example.com
password=a-long-$RANDOM-$RANDOM-passphrase
token=

command -v "${GRPCURL:=grpcurl}" >/dev/null || { echo "grpcurl is not installed; GRPCURL names another one" >&2; exit 2; }

call() { # METHOD JSON
  local headers=()
  [ -z "$token" ] || headers=(-H "authorization: Bearer $token" -H "idempotency-key: $(uuid)")
  "$GRPCURL" -plaintext -max-time 15 "${headers[@]}" -d "$2" "$gateway" "tandem.$1"
}
field() { sed -n "s/.*\"$1\": \"\{0,1\}\([^\",]*\)\"\{0,1\},\{0,1\}$/\1/p" | head -n 1; } # NAME: its first value
uuid() { cat /proc/sys/kernel/random/uuid 2>/dev/null || uuidgen; }

call auth.v1.AuthService/Register "{\"email\":\"$email\",\"password\":\"$password\",\"displayName\":\"Greta Curl\",\"locale\":\"en-GB\"}" >/dev/null
token=$(call auth.v1.AuthService/Login "{\"email\":\"$email\",\"password\":\"$password\"}" | field accessToken)
echo "$email is registered and logged in"

found=$(call search.v1.SearchService/Search "{\"q\":\"$words\",\"currencyCode\":\"EUR\",\"inStockOnly\":true}")
product=$(field documentId <<<"$found")
sku=$(field sku <<<"$found")
[ -n "$product" ] || { echo "nothing in stock is called \"$words\"" >&2; exit 1; }
echo "found $sku: $(field title <<<"$found")"

cart=$(uuid)
call order.v1.CartService/PutCartItem "{\"cartId\":\"$cart\",\"productId\":\"$product\",\"sku\":\"$sku\",\"quantity\":2,\"currencyCode\":\"EUR\"}" >/dev/null
order=$(call order.v1.CartService/CheckoutCart "{\"cartId\":\"$cart\",\"shippingAddress\":{\"recipient\":\"Greta Curl\",\"line1\":\"Lindenstrasse 12\",\"postalCode\":\"10969\",\"city\":\"Berlin\",\"countryCode\":\"DE\"},\"paymentMethod\":{\"card\":{\"token\":\"tok_visa\"}}}" | field orderId)
echo "order $order"

status=
for ((waited = 0; waited < within; waited++)); do
  now=$(call order.v1.OrderService/GetOrder "{\"orderId\":\"$order\"}" | field status || true)
  [ "$now" = "$status" ] || echo "  $waited s  $now"
  status=$now
  case $status in
    *COMPLETED) echo "COMPLETED"; exit 0 ;;
    *CANCELLED) echo "cancelled" >&2; exit 1 ;;
  esac
  sleep 1
done
echo "still $status after $within s" >&2
exit 1
