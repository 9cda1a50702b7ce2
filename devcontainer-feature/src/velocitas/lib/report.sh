# shellcheck shell=sh
# What is said on screen. User names and passwords in URLs never are.

# redact TEXT
redact() {
  printf '%s' "$1" | sed 's#//[^/[:space:]]*@#//***@#g'
}

# say TEXT
say() {
  printf 'velocitas: %s\n' "$(redact "$1")"
}

# fail TEXT: one line, and the build stops.
fail() {
  printf 'velocitas: %s\n' "$(redact "$1")" >&2
  exit 1
}
