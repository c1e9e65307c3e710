# Sourced by perf/cuda and perf/opencl: the programs that they run, the parts of their report, and the checks that both make. Before, they set
# device, published, limits, limit, only and slower, which multiplies limits; write_report is theirs.

# Sets commit, results and the programs: published ones, or those that are built now.
if [ -n "$published" ]; then
  commit=$(cat "$published/commit")
  results=${results:-$published/results}
  export DOTNET_SYSTEM_GLOBALIZATION_INVARIANT=1
  mistral=$published/bin/mistral kernel_tests=$published/bin/Mistral.Ilgpu.Kernels.Tests model_tests=$published/bin/Mistral.Ilgpu.Tests
else
  cd "$here/.." || exit 1
  commit=$(git rev-parse --short HEAD)$(git diff --quiet HEAD -- src kernels || echo ' with changes')
  results=${results:-$here/results}
  for project in src/Mistral.Ilgpu.Cli tests/Mistral.Ilgpu.Kernels.Tests tests/Mistral.Ilgpu.Tests; do
    dotnet build -c Release -v quiet "$project" >&2 || exit 1
  done
  built() { echo "$PWD/$1"/bin/Release/net*/"$2"; }
  mistral=$(built src/Mistral.Ilgpu.Cli mistral)
  kernel_tests=$(built tests/Mistral.Ilgpu.Kernels.Tests Mistral.Ilgpu.Kernels.Tests)
  model_tests=$(built tests/Mistral.Ilgpu.Tests Mistral.Ilgpu.Tests)
fi

mkdir -p "$results"
report=$results/$(date +%F)-${device//:/}${only:+-${only//,/-}}.md
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
: >"$scratch/parts"
: >"$scratch/failures"
# Until the part's limit, and a moment at least, so that no call is cut off at once.
deadline=$((SECONDS + 60))
within() { timeout -k 5 $((deadline > SECONDS ? deadline - SECONDS : 1)) "$@"; }
mistral() { within "$mistral" "$@"; }
# What the tests call the device; they leave the others alone.
export MISTRAL_TEST_DEVICES=${device%%:*}

wants() { case ",$only," in *",$1,"*) ;; *) return 1 ;; esac }

# part NAME TITLE COMMAND...: a section of the report with what the command prints, if the part was chosen; it may be a function of the script.
part() {
  local name=$1 title=$2 began=$SECONDS
  shift 2
  wants "$name" || return 0
  local seconds=${limit:-$((limits[$name] * slower))}
  deadline=$((SECONDS + seconds))
  echo "$title ..." >&2
  {
    echo -e "\n## $title\n"
    case $1 in
      mistral) echo -e "\`$*\`\n" ;;
    esac
    "$@" >"$scratch/output" 2>"$scratch/error"
    local ended=$? late=""
    if [ $ended != 0 ]; then
      [ "$SECONDS" -lt "$deadline" ] || late="out of time after $seconds s"
      echo "$title${late:+: $late}" >>"$scratch/failures"
      echo -e "**Failed${late:+, $late}:**\n"
      tail -n 20 "$scratch/error" | sed 's/^/    /'
      echo
    fi
    # A table stays one.
    if grep -q '^|' "$scratch/output"; then cat "$scratch/output"; else echo '```'; cat "$scratch/output"; echo '```'; fi
    grep -E '^(device|a copy|model|prompts are|each kernel)' "$scratch/error" | sort -u | sed 's/^/\n/'
    echo -e "\n$((SECONDS - began)) s"
  } | tee -a "$scratch/parts" >&2
  write_report
}

# Says where the report is, and which parts failed.
ended() {
  echo "$report"
  [ ! -s "$scratch/failures" ] || { echo "failed: $(paste -sd, "$scratch/failures")" >&2; exit 1; }
}

# Tokens beside the CPU's. GPUs round in another way, so where two tokens are nearly as likely a text may continue in another way.
tokens() {
  local type text ours result=0
  for type in "" q8_0 q4_0; do
    for text in "Once upon a time" "My name is Sophie."; do
      ours=$(ids "$device")
      echo "tokens of ${type:-bf16}, \"$text\": $(common "$ours" "$(ids cpu)")"
      [ -n "$ours" ] || result=1
    done
  done
  return $result
}

ids() {
  mistral generate "$text" --max-tokens 64 --quiet --format json --device "$1" ${type:+--type "$type"} | sed -n 's/.*"ids":\[\([^]]*\)\].*/\1/p'
}

# common IDS IDS: how many are the same until one differs.
common() {
  awk -v ours="$1" -v theirs="$2" 'BEGIN {
    count = split(ours, a, ","); others = split(theirs, b, ",")
    for (i = 1; i <= count && a[i] == b[i]; i++) { }
    if (count == 0) print "none came"
    else if (i > count && count == others) print "all " count " are the CPU\047s"
    else print i - 1 " are the CPU\047s, then " a[i] " where it has " b[i] }'
}

# Steps beside the CPU's: the first that differs decides.
steps() {
  local type result=0
  for type in "" q8_0 q4_0 q4_k; do
    echo -e "\nsteps of tiny, ${type:-bf16}:"
    mistral profile --check --device "$device" ${type:+--type "$type"} || { echo "differs, or failed"; result=1; }
  done
  # Matrices of several tiles.
  for type in bf16 q4_k; do
    echo -e "\nsteps of $checked:$type:"
    mistral profile --check --device "$device" --model "$checked:$type" -p "$checked_prompt" -n 4 || { echo "differs, or failed"; result=1; }
  done
  return $result
}

# What passed, failed and how; what was skipped is known from the devices.
tested() {
  within "$@" -explicit on -noColor -noLogo | grep -vE '^ *(Discover|Starting|Finished|Output:|seed|no device|no ptxas)|\[SKIP\]|is not among MISTRAL_TEST_DEVICES'
}

start_up() {
  local run
  for run in first second third; do
    mistral generate "Once upon a time" --max-tokens 1 --quiet --device "$device" --format json | sed -n 's/.*"load_ms":\([0-9.]*\).*"first_token_ms":\([0-9.]*\).*/'"$run"': loaded in \1 ms, first token \2 ms after/p'
  done
}
