# shellcheck shell=sh
# Downloads, from publishers or from what mirrors them, checked against the publisher's checksums.

# mirrored URL: where a publisher's https URL is asked for.
mirrored() {
  if [ -z "$DOWNLOADMIRROR" ]; then
    printf '%s' "$1"
  else
    printf '%s/%s' "${DOWNLOADMIRROR%/}" "${1#https://}"
  fi
}

# fetch URL FILE WHAT
fetch() {
  fetch_as_is "$(mirrored "$1")" "$2" "$3"
}

# fetch_as_is URL FILE WHAT: as fetch, but from exactly this URL.
fetch_as_is() {
  curl_status=0
  http_status=$(careful_curl --retry 2 --output "$2" --write-out '%{http_code}' "$1" 2>"$staging/curl.log") ||
    curl_status=$?
  [ "$curl_status" = 0 ] || fail "$3 could not be downloaded: $(curl_reason "$1" "$curl_status" "$http_status")"
}

careful_curl() {
  curl --silent --show-error --fail --location --max-redirs 10 --proto '=http,https,file' \
    --proto-redir '=http,https' --connect-timeout 20 --speed-limit 1 --speed-time 60 "$@"
}

# curl_reason URL CURL_STATUS HTTP_STATUS: one sentence.
curl_reason() {
  case $2 in
    22)
      case $3 in
        404) printf '%s does not exist there (404).' "$1" ;;
        407) printf 'the proxy wants a user name and password (407).' ;;
        *) printf '%s answers with status %s.' "$1" "$3" ;;
      esac
      ;;
    37) printf '%s does not exist.' "$1" ;;
    5) printf 'the proxy is unknown: its name cannot be resolved.' ;;
    6 | 7 | 28 | 52 | 56) printf '%s cannot be reached (%s).' "$1" "$(curl_message)" ;;
    35 | 51 | 60) printf '%s is not trusted (%s); option caCertificate adds an authority.' "$1" "$(curl_message)" ;;
    23) printf 'it cannot be written; is the disk full?' ;;
    *) printf '%s: %s.' "$1" "$(curl_message)" ;;
  esac
}

curl_message() {
  sed -n 's/^curl: ([0-9]*) //p' "$staging/curl.log" | tail -n 1 | sed 's/\.$//'
}

# fetch_checked URL SUMS_URL FILE WHAT
fetch_checked() {
  fetch "$2" "$staging/sums" "the list of checksums of $4"
  wanted=$(digest_of "$(basename "$1")" "$staging/sums")
  [ -n "$wanted" ] || fail "the checksums of $4 do not name $(basename "$1"): $(mirrored "$2")"
  fetch "$1" "$3" "$4"
  got=$(sha256sum "$3" | cut -d ' ' -f 1)
  [ "$got" = "$wanted" ] || fail "$4 is refused, its checksum is wrong: $(mirrored "$1") is $got, the publisher says $wanted."
}

# digest_of NAME SUMS: understands lines of sha256sum, with or without a folder before the name, and a bare digest.
digest_of() {
  awk -v name="$1" '
    $1 !~ /^[0-9a-fA-F]+$/ || length($1) != 64 { next }
    NF == 1 { bare = $1; next }
    { file = $2; sub(/^\*/, "", file); sub(/.*\//, "", file); if (file == name) { found = $1; exit } }
    END { print tolower(found != "" ? found : bare) }
  ' "$2"
}
