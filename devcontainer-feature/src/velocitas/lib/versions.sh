# shellcheck shell=sh
# What `latest` means.

# resolve NAME VALUE WAY SOURCE: the version without its leading v. WAY is github (SOURCE: owner/repository) or file
# (SOURCE: URL of a file that holds nothing but the version).
resolve() {
  if [ "$2" != latest ]; then
    printf '%s' "${2#v}"
    return 0
  fi
  case $3 in
    github) resolved=$(latest_release "$1" "$4") ;;
    file) resolved=$(latest_in_file "$1" "$4") ;;
  esac
  printf '%s\n' "$resolved" | grep -Eq '^v?[0-9]+\.[0-9]+\.[0-9]+[0-9A-Za-z.+-]*$' ||
    fail "the latest version of $1 could not be found out: \"$resolved\" is not a version."
  printf '%s' "${resolved#v}"
}

# latest_in_file NAME URL
latest_in_file() {
  fetch "$2" "$staging/latest" "the number of the latest $1"
  head -n 1 "$staging/latest" | tr -d '\r\n'
}

# latest_release NAME REPOSITORY: GitHub answers /releases/latest with a redirect to the release.
latest_release() {
  case $DOWNLOADMIRROR in
    file:*) highest_release "$1" "${DOWNLOADMIRROR#file://}/github.com/$2/releases/download" ;;
    *) redirected_release "$1" "$(mirrored "https://github.com/$2/releases/latest")" ;;
  esac
}

# redirected_release NAME URL: the redirect is not followed, since it may lead past a mirror.
redirected_release() {
  curl_status=0
  answer=$(curl --silent --show-error --fail --head --retry 2 --connect-timeout 20 --max-time 60 \
    --output /dev/null --write-out '%{http_code} %{redirect_url}' "$2" 2>"$staging/curl.log") || curl_status=$?
  [ "$curl_status" = 0 ] ||
    fail "the latest version of $1 could not be found out: $(curl_reason "$2" "$curl_status" "${answer%% *}")"
  printf '%s' "${answer##*/}"
}

# highest_release NAME FOLDER
highest_release() {
  [ -d "$2" ] || fail "the latest version of $1 could not be found out: there is no $2."
  for release in "$2"/v*; do basename "$release"; done | sed 's/^v//' |
    sort -t . -k 1,1n -k 2,2n -k 3,3n | tail -n 1
}
