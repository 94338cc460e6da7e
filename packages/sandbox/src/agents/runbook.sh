# Carry out a plan's blocks: run <plan>
# The blocks lie in blocks/ beside this script as <number>.<line>.<sh|bash>, in order.
# Exit code: 0, or that of the first block that failed.
set -u

plan=$1
blocks=${0%/*}/blocks
total=0
for block in "$blocks"/*; do
  total=$((total + 1))
done

number=0
for block in "$blocks"/*; do
  number=$((number + 1))
  shell=${block##*.}
  line=${block%.*}
  line=${line##*.}
  printf '\n== block %s of %s (%s line %s, %s)\n' "$number" "$total" "$plan" "$line" "$shell"
  while IFS= read -r text || [ -n "$text" ]; do
    printf '| %s\n' "$text"
  done <"$block"
  if ! command -v "$shell" >/dev/null 2>&1; then
    printf '\n== block %s of %s needs %s, which is not here\n' "$number" "$total" "$shell"
    exit 127
  fi
  # A block that reads its input must not read the terminal.
  "$shell" -eu "$block" </dev/null
  code=$?
  if [ "$code" -ne 0 ]; then
    printf '\n== block %s of %s (line %s) failed with exit code %s\n' \
      "$number" "$total" "$line" "$code"
    exit "$code"
  fi
done
printf '\n== all %s blocks done\n' "$total"
