#!/usr/bin/env bash
# Rules about the files of the repository that no compiler checks. Prints every offence; exits 1 if there is one.
set -euo pipefail
cd "$(dirname "$0")/.."

offences=0
offence() { echo "$*"; offences=$((offences + 1)); }

# files GLOB...: what is committed or would be.
files() { git ls-files --cached --others --exclude-standard -z -- "$@"; }

# none WHY REGEX GLOB...: no line matches in these files.
none() {
  local why=$1 regex=$2 hits
  shift 2
  hits=$(files "$@" | xargs -0r grep -InE -e "$regex" -- 2>/dev/null || true)
  [ -z "$hits" ] || { offence "$why:"; sed 's/^/  /' <<<"$hits"; }
}

# The brackets keep the patterns from matching this file.
none 'unfinished code' '\b(todo|unimplemented)[!]' '*.rs'
none 'unfinished code' '\b(TOD[O]|FIXM[E]|XX[X])\b' '*.rs' '*.toml' '*.sh' '*.py' '*.js'
none 'an ignored test' '#\[ignor[e]|#\[cfg_attr\(.*\bignor[e]\b' '*.rs'
none 'an example that does not run' '```.*\b(ignor[e]|no_ru[n])\b' '*.rs' '*.md'
none 'a path outside of the repository' '\.\./share[d]|/wor[k]/|/roo[t]/' '*'
none 'a licence header' 'SPDX-License[-]Identifier|Licensed [u]nder the|Copyright [(]c[)]' \
  '*.rs' '*.toml' '*.sh' '*.py' '*.js' '.ci/**'

# The pure crates: no I/O, no clock, no threads, no environment, no sleeping test.
pure=(mqtt-codec mqtt-session mqtt-broker-core mqtt-sim)
none 'a pure crate reaches for the world' '\bstd::(time|net|thread|fs|env|process)\b' "${pure[@]/%//src/**}" \
  ':!mqtt-sim/src/bin/**'
none 'a pure crate sleeps' '\bsleep\(' "${pure[@]/%//src/**}" "${pure[@]/%//tests/**}"

for manifest in */Cargo.toml; do
  case $manifest in fuzz/* | benches/*) continue ;; esac
  grep -A1 -x '\[lints\]' "$manifest" | grep -qx 'workspace = true' || offence "$manifest: no [lints] workspace = true"
done
for lock in Cargo.lock fuzz/Cargo.lock benches/Cargo.lock benches/loadgen/Cargo.lock .ci/interop/package-lock.json; do
  [ -n "$(files "$lock" | tr -d '\0')" ] || offence "$lock: not committed"
done
for script in .ci/run .ci/*.sh .ci/*.py .ci/interop/run benches/*.sh; do
  [ -x "$script" ] || offence "$script: not executable"
  case $script in *.py) continue ;; esac
  bash -n "$script" || offence "$script: does not parse"
done

# Relative links of the documents lead somewhere.
while IFS= read -r -d '' page; do
  while IFS= read -r link; do
    case $link in *://* | '#'* | '') continue ;; esac
    [ -e "$(dirname "$page")/${link%%#*}" ] || offence "$page: broken link $link"
  done < <(sed '/^```/,/^```/d; s/`[^`]*`//g' "$page" | grep -oE '\]\([^) ]+\)' | sed 's/^](//; s/)$//')
done < <(files '*.md')

[ "$offences" = 0 ] || { echo "$offences offences"; exit 1; }
echo "nothing found"
