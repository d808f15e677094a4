# What flows may use; read before each of them.

# status COMMAND...: runs it and prints its exit status.
status() {
  "$@" 2>/dev/null
  echo "status $?"
}

# says WORDS COMMAND...: runs it, and prints its exit status and whether WORDS are in what it prints.
says() {
  words=$1
  shift
  said=$("$@" 2>&1)
  code=$?
  case $said in
    *"$words"*) echo "status $code, says: $words" ;;
    *) echo "status $code, does not say: $words" && echo "$said" >&2 ;;
  esac
}

# fails COMMAND...: runs it and prints its exit status, showing nothing.
fails() {
  "$@" >/dev/null 2>&1
  echo "status $?"
}

# quiet COMMAND...: runs it and shows nothing unless it fails.
quiet() {
  said=$("$@" 2>&1) || echo "status $?: $said"
}
