# For tests/oclgrind, tests/rusticl and tests/arm64: test programs on a driver or processor that is not the machine's, counted over all
# of them.

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
passed=0 failed=0 skipped=0
# Texts kept of an earlier run would not be compiled, and measured choices belong to another driver.
export XDG_CACHE_HOME=$work/cache MISTRAL_TEST_DEVICES=opencl,cpu

# usage: skip REASON
skip() {
  echo "$(basename "$0"): skipped because $1"
  skipped=1
  finish
}

finish() {
  echo "$passed passed, $failed failed, $skipped skipped"
  [ "$failed" = 0 ]
  exit
}

# usage: unpack ARCHITECTURES FOLDER PACKAGE...   downloads packages of Debian 13 and all that they need, whatever is installed, and
# unpacks them in a folder
unpack() {
  local architectures=$1 folder=$2 apt=$work/apt site
  shift 2
  site=$(grep -rhoE 'https?://[^ ]+/debian/?( |$)' /etc/apt/sources.list* 2>/dev/null | head -n 1)
  [ -n "$site" ] || { echo "no source of Debian's packages is known here"; return 1; }
  mkdir -p "$apt/lists/partial" "$apt/archives/partial" "$folder" && : >"$apt/status" &&
    echo "deb [signed-by=/usr/share/keyrings/debian-archive-keyring.gpg] $site trixie main" >"$apt/sources.list" || return
  local options=(-qq -o "Dir::Etc::SourceList=$apt/sources.list" -o Dir::Etc::SourceParts=- -o "Dir::State::Lists=$apt/lists"
    -o "Dir::State::Status=$apt/status" -o "Dir::Cache::Archives=$apt/archives" -o Dir::Cache::pkgcache= -o Dir::Cache::srcpkgcache=
    -o APT::Sandbox::User=root -o APT::Install-Recommends=0 -o "APT::Architectures=$architectures" -o Debug::NoLocking=1)
  apt-get "${options[@]}" update && apt-get "${options[@]}" -y --download-only install "$@" || return
  local package
  for package in "$apt"/archives/*.deb; do
    dpkg-deb -x "$package" "$folder" || return
  done
}

# usage: run PROJECT FILTER...   tests of a project, one at a time; what runs it, if not itself, is in $runner
run() {
  local project=tests/Mistral.Ilgpu.$1
  local program=$project/bin/Release/net10.0/Mistral.Ilgpu.$1
  shift
  [ -e "$program.dll" ] || dotnet build -c Release --nologo -v q "$project" || { failed=$((failed + 1)); return; }
  ${runner:-} "$program${runner:+.dll}" -parallelMode none -noColor -explicit on "$@" >"$work/out" 2>&1
  local status=$?
  grep -v -e "\[SKIP\]" -e "is not among MISTRAL_TEST_DEVICES" "$work/out"
  count() { sed -n "s/.*[ ,]$1: \([0-9]*\).*/\1/p" "$work/out" | tail -n 1 | grep . || echo 0; }
  local total errors fails skips
  total=$(count Total) errors=$(count Errors) fails=$(count Failed) skips=$(count Skipped)
  [ "$status" = 0 ] || [ $((errors + fails)) -gt 0 ] || { echo "$program ended with $status"; errors=1; }
  passed=$((passed + total - fails - skips)) failed=$((failed + fails + errors)) skipped=$((skipped + skips))
}
