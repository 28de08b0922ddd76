# How ./dev test runs the tests; sourced by it. Each stage leaves a JUnit file in build/results, from which the last
# line is counted.

results=$root/build/results

# stage NAME CMD...: one part of the run. One that breaks without a failed test to show for it counts as one.
stage() {
  local name=$1 status=0
  shift
  say "$name"
  "$@" || status=$?
  [[ $status == 0 ]] || echo "$name (exit code $status)" >>"$results/broken"
}

# cpp_tests PRESET [WRAPPER...]: runs the C++ tests of build/PRESET.
cpp_tests() {
  local preset=$1 select=()
  shift
  [[ -z $expression ]] || select=(-R "$expression")
  "$@" ctest --test-dir "build/$preset" --output-on-failure --no-tests=ignore -j "$(nproc)" --timeout 300 \
    --output-junit "$results/cpp-$preset.xml" "${select[@]}" | grep -v -E '^ *(Start |[0-9]+/[0-9]+ Test .* Passed )'
}

# Compiles for the sanitizers while the Python tests, which want one core, have what is left over.
build_sanitized() {
  local preset
  renice -n 19 "$BASHPID" >/dev/null
  for preset in "${sanitizers[@]}"; do build_preset "$preset"; done >"$results/sanitizers.log" 2>&1
}

sanitized_tests() {
  local preset=$1 wrapper=()
  wait "$builder" || true # what failed says so again
  build_preset "$preset" || return
  # ThreadSanitizer's shadow memory and a kernel with much address randomisation do not go together.
  if [[ $preset == tsan ]] && setarch --addr-no-randomize true 2>/dev/null; then wrapper=(setarch --addr-no-randomize); fi
  # Its races are in our threads, whoever answers: the servers in our own process are enough, and ten times faster.
  if [[ $preset == tsan ]]; then wrapper+=(env -u ORLOP_TEST_SERVERS); fi
  cpp_tests "$preset" "${wrapper[@]}"
}

# python_tests NAME ARGUMENT...: pytest's, and the name of the file of results.
python_tests() {
  local name=$1 select=() status=0
  shift
  [[ -z $expression ]] || select=(-k "$expression")
  python -m pytest -q --junitxml "$results/$name.xml" "${select[@]}" "$@" || status=$?
  [[ $status == 5 && $expression ]] && status=0 # nothing matched the expression
  return $status
}

# The oldest Django there is support for; what does not depend on it is left out.
oldest_django_tests() {
  env -u ORLOP_TEST_SERVERS "$root/.venv-django42/bin/python" -m pytest -q -p no:cacheprovider \
    --junitxml "$results/python-django42.xml" python/tests/test_s3_*.py python/tests/test_django*.py \
    python/tests/test_seeds.py python/tests/test_settings.py python/tests/test_utils.py \
    python/tests/transactions python/tests/test_signing.py python/tests/test_ticket_forms.py \
    python/tests/test_tickets.py
}

start_servers() {
  local file=$root/build/servers.env
  trap 'python tests/servers/run.py stop --env-file '"$file" EXIT
  python tests/servers/run.py start minio ceph s3proxy --env-file "$file" || return
  set -a
  source "$file"
  set +a
}

run_all_tests() {
  local quick=$1 expression=$2
  rm -rf "$results"
  mkdir -p "$results"
  export ORLOP_TEST_QUICK=$quick
  export UBSAN_OPTIONS=print_stacktrace=1 TSAN_OPTIONS=second_deadlock_stack=1:suppressions=$root/tests/tsan.supp

  [[ $quick ]] || stage "real servers" start_servers
  stage "C++ tests" cpp_tests dev
  stage "packages" python_tests packages tests/packaging # measures compiling: beside nothing else
  local builder=''
  if [[ ! $quick ]]; then
    build_sanitized &
    builder=$!
  fi
  stage "Python tests, examples and documents" python_tests python --ignore=tests/packaging
  [[ $expression ]] || stage "Python tests with Django 4.2" oldest_django_tests
  if [[ $quick ]]; then
    say "--quick: left out the real servers (MinIO, Ceph, S3Proxy) and the sanitizers"
  else
    local sanitizer
    for sanitizer in "${sanitizers[@]}"; do stage "C++ tests under $sanitizer" sanitized_tests "$sanitizer"; done
    [[ ${#sanitizers[@]} == 2 ]] || say "--no-tsan: left out ThreadSanitizer"
  fi
  python tests/count.py "$results"
}
