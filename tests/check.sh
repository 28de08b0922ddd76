# How ./dev check looks at the code without running it; sourced by it. All checks run, then the failed ones are named.

failed_checks=()

# check NAME CMD...
check() {
  local name=$1
  shift
  say "$name"
  "$@" || failed_checks+=("$name")
}

cpp_format() { git ls-files -z '*.cpp' '*.h' | xargs -0 -r clang-format --dry-run -Werror; }
python_lint() { ruff check --quiet . && ruff format --quiet --check .; }
python_types() { mypy python/orlop; }
architecture() { python -m pytest -q tests/architecture; }

# Nothing of the machine it was written on, and no credentials but those the documentation of AWS gives as examples.
nothing_private() {
  ! git grep -n -I -E '/(home|root|work|Users)/[a-z]' -- ':!tests/check.sh' &&
    ! git grep -n -I -o -E '\b(AKIA|ASIA)[0-9A-Z]{16}\b' | grep -v EXAMPLE
}

shell_syntax() { bash -n dev && bash -n .ci/run && bash -n tests/run.sh && bash -n cmake/static-prefix/build; }

run_all_checks() {
  check "C++ format" cpp_format
  check "Python lint and format" python_lint
  check "Python types" python_types
  check "architecture" architecture
  check "nothing private" nothing_private
  check "shell syntax" shell_syntax
  if [[ ${1:-} == --quick ]]; then
    say "--quick: left out clang-tidy"
  else
    check "clang-tidy" python tests/tidy.py build/dev "$@"
  fi
  [[ ${#failed_checks[@]} == 0 ]] || fail "failed: $(printf '%s, ' "${failed_checks[@]}" | sed 's/, $//')"
  say "all is well"
}
