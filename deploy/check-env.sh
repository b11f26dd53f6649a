#!/bin/bash
# Runs before anything else of the suite and refuses settings that must not be used. Prints names, never values.
set -euo pipefail

problems=0
refuse() { printf 'settings: %s\n' "$*" >&2; problems=$((problems + 1)); }

declare -A owners
for name in $SECRETS; do
    value=${!name:-}
    [ -n "$value" ] || { refuse "$name is not set"; continue; }
    [[ $value =~ ^[A-Za-z][A-Za-z0-9_-]*$ ]] || refuse "$name must begin with a letter and hold letters, digits, - and _ only"
    [ -z "${owners[$value]:-}" ] || refuse "$name has the value of ${owners[$value]}"
    owners[$value]=$name
    [ "$PROFILE" = production ] || continue
    case $value in local-only*) refuse "$name still has its local value, which is public" ;; esac
    [ ${#value} -ge 32 ] || refuse "$name has fewer than 32 characters"
done

for service in customers catalog orders library notifications; do
    secret=${service^^}_CLIENT_SECRET
    digest=$(printf '%s' "${!secret:-}" | sha256sum | cut -d' ' -f1)
    case $SERVICE_CLIENTS in *"$digest"*) ;; *) refuse "SERVICE_CLIENTS lacks the SHA-256 of $secret" ;; esac
done

for name in PUBLIC_URL SMTP_HOST SMTP_USER MAIL_FROM VENDOR_MAIL VENDOR_NAME; do
    case ${!name:-} in *CHANGE*) refuse "$name still says CHANGE" ;; esac
done

case ${PAYMENT_PROVIDER:-} in
    '') ;;
    mollie)
        [ -n "${MOLLIE_API_KEY:-}" ] || refuse "MOLLIE_API_KEY is not set"
        case $PROFILE-${MOLLIE_API_KEY:-} in
            production-test_local_only*) refuse "MOLLIE_API_KEY still has its local value, which is public" ;;
        esac ;;
    *) refuse "PAYMENT_PROVIDER must be mollie or empty" ;;
esac

case $PROFILE in
    local) ;;
    production) case $PUBLIC_URL in https://*) ;; *) refuse "PUBLIC_URL must begin with https://" ;; esac ;;
    *) refuse "PROFILE must be local or production" ;;
esac
[ "$problems" = 0 ] || exit 78
